/* The tables of imports, of a module that was checked. */
#include "tb_module.h"

static void tb_put_bytes(struct tb_module *module, struct tb_area name) {
  tb_module_put_number(module, name.size);
  for (u32 i = 0; i < name.size; i++) tb_module_put(module, name.at[i]);
}

static void tb_put_codes(struct tb_module *module, u32 first, u32 count) {
  tb_module_put_number(module, count);
  for (; count; count--) tb_module_put_number(module, tb_module_word(module, TB_SECTION_TYPE_LIST, first++));
}

void tb_host_imports_load(struct tb_context *cx, struct tb_module *module);
void tb_host_imports_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *rows = tb_module_keep(module, 4 + 4 * (u64)module->imports);
  *rows = module->imports;
  TB_SET_TABLE(import_rows, rows);
  const u8 *start = module->low;
  TB_SET_TABLE(imports, start);
  const struct tb_area *section = &module->section[TB_SECTION_IMPORTS];
  const u8 *at = section->at;
  for (u32 i = 0; i < module->imports; i++) {
    struct tb_import_row row = tb_module_import(&at, section->at + section->size);
    struct tb_type_row type = {0, 0, 0, 0};
    if (row.kind == TB_EXPORT_FUNCTION) type = tb_module_type(module, row.type);
    rows[1 + i] = (u32)(module->low - start);
    tb_put_bytes(module, row.module);
    tb_put_bytes(module, row.name);
    tb_put_codes(module, type.first, type.a);
    tb_put_codes(module, type.first + type.a, type.b);
  }
}
