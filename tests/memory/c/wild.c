#include "tb.h"

u32 tb_wild_touch(struct tb_context *cx, u32 address);
u32 tb_wild_touch(struct tb_context *cx, u32 address) {
  (void)cx;
  return *(volatile u8 *)(uptr)address;
}
