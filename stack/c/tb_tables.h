/* Interface `function-tables`: tables of function references. An element is the function's index plus one, or
 * 0: null.
 *
 * Table table_sizes, u32: how many tables there are, then for each the least and the most elements.
 * Table table_elements, u32: how many element segments there are, then for each
 *     table, or TB_TABLES_PASSIVE; offset in it; where its elements start in table_functions; how many */
#ifndef TB_TABLES_H
#define TB_TABLES_H
#include "tb.h"

#define TB_TABLES_PASSIVE 0xffffffffu

/* Elements that the table has now. */
static inline TB_UNUSED u32 tb_table_size(struct tb_context *cx, u32 table) {
  return tb_store_of(cx)->table_size[table];
}
/* The table's first element; it stays where it is until an opcode that moves tables. */
static inline TB_UNUSED u32 *tb_table_at(struct tb_context *cx, u32 table) {
  return tb_store_of(cx)->table_at[table];
}
/* Whether `count` elements from `index` on are in the table. */
static inline TB_UNUSED u32 tb_table_holds(struct tb_context *cx, u32 table, u32 index, u32 count) {
  return (u64)index + count <= tb_table_size(cx, table);
}

#endif
