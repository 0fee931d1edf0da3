/* The VM stack: one region, large enough for all that the stack limit allows, so that the limit is the only
 * check. */
#include "tb_frame.h"
#include "tb_platform.h"

void tb_stack_start(struct tb_context *cx) {
  cx->stack_base = TB_MEMORY_STACK(cx, 0, TB_STACK_BYTES(TB_STACK_CELLS));
  cx->cells_left = cx->stack_base ? TB_STACK_CELLS : 0;
}

u32 tb_frame_caller(struct tb_context *cx, struct tb_place *place) {
  const struct tb_link *link = tb_frame_link(place->fp, place->function);
  place->pc = link->pc;
  if (link->pc == TB_PC_HOST) return 0;
  place->function = (const struct tb_function *)(const void *)((const u8 *)tb_functions(cx) + link->function);
  place->fp -= link->distance;
  return 1;
}
