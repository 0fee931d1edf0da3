#include "tb.h"

u32 tb_unlinked_twice(struct tb_context *cx, u32 a);

/* The engine's function has this name. */
u32 tb_run(void);
u32 tb_run(void) { return 0; }

u32 tb_unlinked_twice(struct tb_context *cx, u32 a) {
  (void)cx;
  return a;
}
