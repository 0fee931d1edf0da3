/* Interface `linear-bounds` by comparisons: memories one behind the other, each access compared with the size. */
#ifndef TB_LINEAR_BOUNDS_H
#define TB_LINEAR_BOUNDS_H
#include "tb_platform.h"

static inline TB_UNUSED u64 tb_linear_span(u64 most) { return most; }
static inline TB_UNUSED u8 *tb_linear_rooms(struct tb_context *cx, u64 bytes) {
  if (!bytes) return 0; /* all memories are empty for ever */
  u8 *at = TB_MEMORY_LINEAR(cx, 0, bytes + TB_LINEAR_APART);
  return TB_LINEAR_APART ? at + (-(uptr)at & (TB_LINEAR_APART - 1u)) : at;
}
static inline TB_UNUSED u8 *tb_linear_map(u64 bytes) { return tb_platform_try_map(0, bytes); }
static inline TB_UNUSED u32 tb_linear_use(u8 *at, u64 bytes) {
  (void)at, (void)bytes;
  return 1; /* it was mapped to be used */
}
#define TB_LINEAR_REFUSED "" /* never */

#endif
