/* A service that allocates: while it runs, objects may be collected and may move. */
#include "tb_heap.h"

u32 tb_numbers_shed(struct tb_context *cx, u32 count, u32 *result) {
  *result = count;
  for (s32 left = (s32)count; left > 0; left--)
    if (!tb_heap_allocate(cx, 16, TB_TYPE_CELLS, 2)) return 1;
  return 0;
}
