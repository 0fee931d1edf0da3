/* Filling and copying; 1 (BAD_ADDRESS) before anything is written. */
#include "tb_linear.h"

u32 tb_linear_fill(struct tb_context *cx, u32 memory, u32 at, u32 value, u32 count) {
  if (!tb_memory_holds(cx, memory, at, count)) return 1;
  if (count) __builtin_memset(tb_memory_at(cx, memory) + at, (int)(value & 0xff), count);
  return 0;
}

u32 tb_linear_copy(struct tb_context *cx, u32 to, u32 from, u32 at, u32 start, u32 count) {
  if (!tb_memory_holds(cx, to, at, count) || !tb_memory_holds(cx, from, start, count)) return 1;
  if (count) __builtin_memmove(tb_memory_at(cx, to) + at, tb_memory_at(cx, from) + start, count);
  return 0;
}
