#include "tb.h"

u32 tb_unlinked_missing(struct tb_context *cx, u32 a);
u32 tb_unlinked_nowhere(u32 a);

u32 tb_unlinked_missing(struct tb_context *cx, u32 a) {
  (void)cx;
  return tb_unlinked_nowhere(a);
}
