/* What there is of processors, memory, stack and heap. */
#include "tb_devices.h"
#include "tb_platform.h"

u32 tb_space_info(struct tb_context *cx, u32 what, u32 *result) {
  u64 found;
  switch (what) {
    case 0: found = tb_platform_cores(); break;
    case 1: found = tb_platform_memory() >> 10; break;
    case 2: found = TB_STACK_CELLS; break;
    case 3: found = cx->cells_left; break;
    case 4: found = TB_HEAP_SIZE(cx); break;
    case 5: found = TB_HEAP_FREE(cx); break;
    case 6: found = 8 * sizeof(cell); break;
    default: return 1;
  }
  *result = found > 0x7fffffff ? 0x7fffffff : (u32)found;
  return 0;
}
