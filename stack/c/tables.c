/* Tables of functions: each has room from the start for as many elements as it can get; one that cannot grow
 * takes what it has, from a static array where that is small. */
#include "tb_tables.h"
#include "tb_platform.h"

static u32 *tb_tables_take(u64 elements) {
  if (!TB_TABLES_STATIC) return elements ? tb_platform_map(0, elements * sizeof(u32)) : 0;
  static u32 room[TB_TABLES_STATIC + 1];
  static u32 used;
  u32 *at = room + used;
  used += (u32)elements;
  return at;
}

void tb_tables_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  const u32 *row = tb_table_sizes(cx);
  u32 left = TB_TABLES_ELEMENTS;
  u32 count = *row++;
  for (u32 table = 0; table < count; table++, row += 2) {
    u32 least = row[0], most = row[1];
    if (least > left) {
      static const char message[] = "tblvm: the tables exceed the limit\n";
      tb_platform_write(2, message, sizeof message - 1);
      tb_platform_exit(134);
    }
    left -= least;
    /* Others do not shrink: so many it can have at most. */
    if (most - least > left) most = least + left;
    if (!TB_TABLES_GROW) most = least;
    store->table_at[table] = tb_tables_take(most);
    store->table_size[table] = least;
  }
  store->table_elements_left = left;
  row = tb_table_elements(cx);
  for (u32 segments = *row++; segments; segments--, row += 4)
    if (row[0] != TB_TABLES_PASSIVE)
      for (u32 i = 0; i < row[3]; i++) store->table_at[row[0]][row[1] + i] = tb_table_functions(cx)[row[2] + i];
}
