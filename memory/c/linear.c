/* Linear memories: each is as large as it can get from the start in addresses, and as large as it is in
 * pages that were touched. One that cannot grow takes what it has, from a static array where that is small. */
#include "tb_linear.h"
#include "tb_platform.h"

static u8 *tb_linear_take(struct tb_context *cx, u64 bytes) {
  if (!TB_LINEAR_STATIC) return bytes ? tb_platform_map(0, bytes) : 0;
  static u8 room[TB_LINEAR_STATIC + 1] __attribute__((aligned(16)));
  static u32 used;
  (void)cx;
  u8 *at = room + used;
  used += (u32)bytes;
  return at;
}

void tb_linear_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  const u32 *row = tb_linear_memories(cx);
  u32 left = (u32)(TB_LINEAR_BYTES >> 16);
  u32 count = *row++;
  for (u32 memory = 0; memory < count; memory++, row += 2) {
    u32 least = row[0], most = row[1];
    if (least > left) {
      static const char message[] = "tblvm: the linear memories exceed the limit\n";
      tb_platform_write(2, message, sizeof message - 1);
      tb_platform_exit(134);
    }
    left -= least;
    /* Others do not shrink: so much it can have at most. */
    if (most - least > left) most = least + left;
    if (!TB_LINEAR_GROWS) most = least;
    store->memory_at[memory] = tb_linear_take(cx, (u64)most << 16);
    store->memory_bytes[memory] = (u64)least << 16;
  }
  store->memory_pages_left = left;
  if (!TB_LINEAR_ACTIVE) return;
  row = tb_linear_data(cx);
  for (u32 segments = *row++; segments; segments--, row += 4)
    if (row[0] != TB_LINEAR_PASSIVE && row[3])
      __builtin_memcpy(store->memory_at[row[0]] + row[1], tb_linear_bytes(cx) + row[2], row[3]);
}
