#include "tb_tables.h"

u32 tb_tables_grow(struct tb_context *cx, u32 table, u32 value, u32 count) {
  TB_TABLE_OWNER(cx, table, value);
  struct tb_store *store = tb_store_of(cx);
  u32 before = store->table_size[table];
  u32 most = tb_table_sizes(cx)[2 + 2 * table];
  if (count > most - before || count > store->table_elements_left) return 0xffffffffu;
  store->table_elements_left -= count;
  store->table_size[table] += count;
  for (u32 i = 0; i < count; i++) store->table_at[table][before + i] = value;
  TB_TABLE_GREW(cx, table, before);
  return before;
}
