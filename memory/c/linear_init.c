/* Data segments that the program copies itself: data_left says how many bytes each has. */
#include "tb_linear.h"

void tb_linear_data_start(struct tb_context *cx) {
  const u32 *row = tb_linear_data(cx);
  u32 count = *row++;
  for (u32 i = 0; i < count; i++, row += 4)
    tb_store_of(cx)->data_left[i] = row[0] == TB_LINEAR_PASSIVE ? row[3] : 0;
}

/* 1 (BAD_ADDRESS) before anything is written. */
u32 tb_linear_init(struct tb_context *cx, u32 memory, u32 segment, u32 at, u32 start, u32 count) {
  if (!tb_memory_holds(cx, memory, at, count) || (u64)start + count > tb_store_of(cx)->data_left[segment]) return 1;
  const u8 *from = tb_linear_bytes(cx) + tb_linear_data(cx)[1 + 4 * segment + 2] + start;
  if (count) __builtin_memcpy(tb_memory_at(cx, memory) + at, from, count);
  return 0;
}

void tb_linear_drop(struct tb_context *cx, u32 segment) { tb_store_of(cx)->data_left[segment] = 0; }
