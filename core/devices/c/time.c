/* Clocks. The upper half of a reading is kept, so that a program can put both together. */
#include "tb_devices.h"
#include "tb_platform.h"

u32 tb_time_get(struct tb_context *cx, u32 what, u32 *result) {
  if (what > 4) return 1;
  if (what == 4) {
    *result = cx->time_high;
    return 0;
  }
  u64 time = tb_platform_clock(what & 1 ? TB_CLOCK_REAL : TB_CLOCK_STEADY);
  time /= what == 0 ? 1000000 : what == 1 ? 1000000000 : 1000;
  cx->time_high = (u32)(time >> 32);
  *result = (u32)time;
  return 0;
}
