/* Linear memories: each is as large as it can get from the start in addresses, and as large as it is in
 * pages that were touched. One that cannot grow takes what it has. */
#include "tb_linear.h"

void tb_linear_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  u32 left = (u32)(TB_LINEAR_BYTES >> 16);
  u32 first = TB_MEMORIES_GIVEN(cx), count = TB_LINEAR_ALONE ? 1 : *tb_linear_memories(cx);
  u64 bytes = 0;
  const u32 *row = tb_linear_memories(cx) + 1 + 2 * first;
  for (u32 memory = first; memory < count; memory++, row += 2) {
    u32 least = row[0], most = row[1];
    if (least > left) TB_FAIL(cx, "the linear memories exceed the limit");
    left -= least;
    /* Others do not shrink: so much it can have at most. */
    if (most - least > left) most = least + left;
    if (!TB_LINEAR_GROWS) most = least;
    store->memory_bytes[memory] = tb_linear_span((u64)most << 16); /* until there is memory */
    bytes += store->memory_bytes[memory];
  }
  store->memory_pages_left = left;
  u8 *at = tb_linear_rooms(cx, bytes);
  row = tb_linear_memories(cx) + 1 + 2 * first;
  for (u32 memory = first; memory < count; memory++, row += 2) {
    store->memory_at[memory] = at;
    if (at) at += store->memory_bytes[memory];
    if (!tb_memory_resize(cx, memory, *row)) TB_FAIL(cx, TB_LINEAR_REFUSED);
  }
  if (!TB_LINEAR_ACTIVE) return;
  row = tb_linear_data(cx);
  for (u32 segments = *row++; segments; segments--, row += 4)
    if (row[0] != TB_LINEAR_PASSIVE && row[3])
      __builtin_memcpy(store->memory_at[row[0]] + row[1], tb_linear_bytes(cx) + row[2], row[3]);
}

void *tb_linear_look(struct tb_context *cx, u32 memory, u64 *bytes) {
  *bytes = 0;
  if (memory >= *tb_linear_memories(cx)) return 0;
  *bytes = tb_memory_bytes(cx, memory);
  void *at = tb_memory_at(cx, memory);
  return at ? at : bytes; /* one that never has a byte has no address, and is there all the same */
}
