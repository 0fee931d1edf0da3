/* Element segments that the program copies itself: elements_left says how many elements each has. */
#include "tb_tables.h"

void tb_tables_elements_start(struct tb_context *cx) {
  const u32 *row = tb_table_elements(cx);
  u32 count = *row++;
  for (u32 i = 0; i < count; i++, row += 4)
    tb_store_of(cx)->elements_left[i] = row[0] == TB_TABLES_PASSIVE ? row[3] : 0;
}

/* 1 (BAD_TABLE_INDEX) before anything is written. */
u32 tb_tables_init(struct tb_context *cx, u32 table, u32 segment, u32 index, u32 start, u32 count) {
  if (!tb_table_holds(cx, table, index, count) || (u64)start + count > tb_store_of(cx)->elements_left[segment])
    return 1;
  const u32 *from = tb_table_functions(cx) + tb_table_elements(cx)[1 + 4 * segment + 2] + start;
  for (u32 i = 0; i < count; i++) tb_table_at(cx, table)[index + i] = from[i];
  TB_TABLE_WROTE(cx, table, index, count);
  return 0;
}

void tb_tables_drop(struct tb_context *cx, u32 segment) { tb_store_of(cx)->elements_left[segment] = 0; }
