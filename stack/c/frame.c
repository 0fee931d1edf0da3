/* The VM stack: one region, large enough for all that the stack limit allows, so that the limit is the only
 * check. */
#include "tb_frame.h"
#include "tb_platform.h"

void tb_stack_start(struct tb_context *cx) {
  cx->stack_base = TB_MEMORY_STACK(cx, 0, TB_STACK_BYTES(TB_STACK_CELLS));
  cx->cells_left = cx->stack_base ? TB_STACK_CELLS : 0;
}

u32 tb_frame_caller(struct tb_context *cx, struct tb_place *place) {
  return TB_FRAME_CALLER(cx, place, tb_frame_link(place->fp, place->function));
}
