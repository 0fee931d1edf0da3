/* clock_res_get, clock_time_get: the clock of the day, 0, and one that never goes back, 1. What a process has used of a
 * processor is its host's affair. */
#include "tb_p1.h"
#include "tb_platform.h"

enum { TB_P1_CLOCKS = 2 };

static u32 tb_p1_tell(struct tb_context *cx, u32 clock, u32 at, u32 resolution) {
  if (!TB_WASI_CLOCK) return TB_P1_NOTCAPABLE;
  if (clock >= TB_P1_CLOCKS) return TB_P1_INVAL;
  u8 *to = tb_p1_at(cx, at, 8);
  if (!to) return TB_P1_FAULT;
  tb_store_u64(to, resolution ? 1 : tb_platform_clock(clock));
  return TB_P1_SUCCESS;
}

u32 tb_p1_clock_res_get(struct tb_context *cx, u32 clock, u32 at) { return tb_p1_tell(cx, clock, at, 1); }

/* precision: how late an answer may be. */
u32 tb_p1_clock_time_get(struct tb_context *cx, u32 clock, u64 precision, u32 at) {
  (void)precision;
  return tb_p1_tell(cx, clock, at, 0);
}
