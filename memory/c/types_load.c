/* Table `types` of a module that was loaded: memory/tables.py in C. */
#include "tb_module.h"

void tb_types_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *sizes = tb_module_keep(module, (u64)module->types * 4);
  TB_SET_TABLE(types, sizes);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    u32 size = row.kind == TB_KIND_CLASS ? TB_HEADER : 0;
    if (row.kind == TB_KIND_ARRAY) size = tb_stored_size(row.a) | 0x80000000u;
    for (u32 field = 0; row.kind == TB_KIND_CLASS && field < row.a; field++)
      size += tb_stored_size(tb_module_word(module, TB_SECTION_TYPE_LIST, row.first + field));
    sizes[i] = row.kind == TB_KIND_CLASS ? (size + 7) & ~7u : size;
  }
}
