/* Filling and copying; 1 (BAD_TABLE_INDEX) before anything is written. */
#include "tb_tables.h"

u32 tb_tables_fill(struct tb_context *cx, u32 table, u32 index, u32 value, u32 count) {
  if (!tb_table_holds(cx, table, index, count)) return 1;
  for (u32 i = 0; i < count; i++) tb_table_at(cx, table)[index + i] = value;
  TB_TABLE_WROTE(cx, table, index, count);
  return 0;
}

u32 tb_tables_copy(struct tb_context *cx, u32 to, u32 from, u32 index, u32 start, u32 count) {
  if (!tb_table_holds(cx, to, index, count) || !tb_table_holds(cx, from, start, count)) return 1;
  if (count) __builtin_memmove(tb_table_at(cx, to) + index, tb_table_at(cx, from) + start, (u64)count * sizeof(u32));
  TB_TABLE_WROTE(cx, to, index, count);
  return 0;
}
