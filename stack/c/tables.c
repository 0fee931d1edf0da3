/* Tables of functions: each has room from the start for as many elements as it can get; one that cannot grow
 * takes what it has. */
#include "tb_tables.h"
#include "tb_platform.h"

void tb_tables_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  const u32 *row = tb_table_sizes(cx);
  u32 left = TB_TABLES_ELEMENTS;
  u32 count = *row++;
  u64 elements = 0;
  u32 given = TB_TABLES_GIVEN(cx);
  for (u32 table = given; table < count; table++) {
    u32 least = row[2 * table], most = row[2 * table + 1];
    if (least > left) TB_FAIL(cx, "the tables exceed the limit");
    left -= least;
    /* Others do not shrink: so many it can have at most. */
    if (most - least > left) most = least + left;
    if (!TB_TABLES_GROW) most = least;
    store->table_size[table] = most; /* until there is memory */
    elements += most;
  }
  store->table_elements_left = left;
  u32 *at = elements ? TB_MEMORY_TABLES(cx, 0, elements * sizeof(u32)) : 0;
  row = tb_table_sizes(cx) + 1;
  for (u32 table = given; table < count; table++) {
    store->table_at[table] = at;
    if (at) at += store->table_size[table]; /* null where all of them are empty */
    store->table_size[table] = row[2 * table];
  }
  row = tb_table_elements(cx);
  for (u32 segments = *row++; segments; segments--, row += 4)
    if (row[0] != TB_TABLES_PASSIVE) {
      for (u32 i = 0; i < row[3]; i++) store->table_at[row[0]][row[1] + i] = tb_table_functions(cx)[row[2] + i];
      TB_TABLE_WROTE(cx, row[0], row[1], row[3]);
    }
}
