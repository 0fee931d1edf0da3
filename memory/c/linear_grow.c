#include "tb_linear.h"

u32 tb_linear_grow(struct tb_context *cx, u32 memory, u32 pages) {
  TB_MEMORY_OWNER(cx, memory);
  struct tb_store *store = tb_store_of(cx);
  u32 before = (u32)(store->memory_bytes[memory] >> 16);
  u32 most = tb_linear_memories(cx)[2 + 2 * memory];
  if (pages > most - before || pages > store->memory_pages_left) return 0xffffffffu;
  if (!tb_memory_resize(cx, memory, before + pages)) return 0xffffffffu;
  store->memory_pages_left -= pages;
  TB_MEMORY_GREW(cx, memory);
  return before;
}
