/* Interface `linear-bounds` by guard pages: what a memory does not have cannot be touched, and an access is nothing but
 * itself. Effective addresses have 33 bits: each memory is followed by as many addresses as it takes to hold every
 * one of them, the widest value and a page. */
#ifndef TB_LINEAR_BOUNDS_H
#define TB_LINEAR_BOUNDS_H
#include "tb_platform.h"

#define TB_LINEAR_SPAN ((8ull << 30) + (64 << 10))

static inline TB_UNUSED u64 tb_linear_span(u64 most) {
  (void)most;
  return TB_LINEAR_SPAN;
}
/* Of the engine: its accesses (tb_faults.h). */
extern const s32 tb_faults[] __attribute__((visibility("hidden")));

static inline TB_UNUSED u8 *tb_linear_rooms(struct tb_context *cx, u64 bytes) {
  if (bytes) TB_ON_FAULTS(cx, tb_faults);
  return bytes ? TB_RESERVE(cx, bytes) : 0;
}
static inline TB_UNUSED u8 *tb_linear_map(u64 bytes) { return tb_platform_reserve(bytes); }
static inline TB_UNUSED u32 tb_linear_use(u8 *at, u64 bytes) { return at && tb_platform_use(at, bytes); }
#define TB_LINEAR_REFUSED "no 8 GiB of addresses for a linear memory: --features linear.checked takes none"

#endif
