/* The native stack, on which compiled functions call each other. */
#include "tb_aot.h"
#include "tb_platform.h"

/* Where the system does not say how much there is: what others begin with. */
enum { TB_AOT_USUAL = 1 << 20 };

void tb_aot_start(struct tb_context *cx) {
  u64 there = tb_platform_native_stack();
  if (!there) there = TB_AOT_USUAL;
  there -= there / 4; /* for what the runtime's own functions take */
  cx->native_room = there < TB_AOT_NATIVE_STACK ? there : TB_AOT_NATIVE_STACK;
}

/* A program that another one runs is on the same stack. */
void tb_aot_hand(struct tb_context *inner, struct tb_context *outer) {
  inner->native_room = outer->native_room;
  inner->native_end = outer->native_end;
}
