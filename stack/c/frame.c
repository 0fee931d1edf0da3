/* The VM stack: one region, as large as the stack limit says. A frame is never larger than what it
 * counts, so that the limit is the only check. */
#include "tb_frame.h"
#include "tb_platform.h"

void tb_stack_start(struct tb_context *cx) {
  cx->stack_base = tb_platform_map(0, (u64)TB_STACK_CELLS * sizeof(cell));
  cx->cells_left = cx->stack_base ? TB_STACK_CELLS : 0;
}
