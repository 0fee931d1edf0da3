/* The tables of functions of a module that was loaded: stack/tables.py in C. */
#include "tb_spaces.h"
#include "tb_tables.h"

void tb_tables_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  const u32 *sizes = tb_load_sizes(module, TB_SECTION_TABLES, module->tables);
  TB_SET_TABLE(table_sizes, sizes);
  if (module->tables > TB_TABLES || tb_least(sizes) > TB_TABLES_ELEMENTS)
    tb_refuse(module, TB_TOO_LARGE, "it needs larger tables than this runtime has: build one with -O tables");
  const u8 *at = module->section[TB_SECTION_ELEMENTS].at;
  u32 *rows = tb_module_keep(module, 4 + 16 * (u64)module->element_segments), *row = rows;
  u32 *functions = tb_module_keep(module, module->section[TB_SECTION_ELEMENTS].size), used = 0;
  TB_SET_TABLE(table_elements, rows);
  TB_SET_TABLE(table_functions, functions);
  *row++ = module->element_segments;
  for (u32 left = module->element_segments; left; left--, row += 4) {
    row[0] = tb_load_u32(at);
    row[1] = tb_load_u32(at + 4);
    row[2] = used;
    row[3] = tb_load_u32(at + 8);
    at += TB_SEGMENT_ROW;
    /* An index plus one; null is TB_NONE in the file, and 0 here. */
    for (u32 i = 0; i < row[3]; i++, at += 4) functions[used++] = tb_load_u32(at) + 1;
  }
}
