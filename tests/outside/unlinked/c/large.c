#include "tb.h"

u32 tb_unlinked_large(struct tb_context *cx, u32 a);
static volatile u8 much[300u << 20];

u32 tb_unlinked_large(struct tb_context *cx, u32 a) {
  (void)cx;
  much[a & 0xff] = (u8)a;
  return a | much[a & 0xff];
}
