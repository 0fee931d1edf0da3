/* Table `types` of a module that was loaded: memory/tables.py in C. */
#include "tb_classes.h"

void tb_types_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *sizes = tb_module_keep(module, (u64)module->types * 4);
  TB_SET_TABLE(types, sizes);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    sizes[i] = row.kind == TB_KIND_ARRAY ? tb_stored_size(row.a) | 0x80000000u : 0;
    if (row.kind != TB_KIND_CLASS) continue;
    u32 above = tb_module_above(module, i), size = above == TB_NONE ? TB_HEADER : sizes[above];
    for (u32 field = row.first; field < row.first + row.a; field++) {
      u32 end = module->field_offsets[field] + tb_stored_size(tb_module_word(module, TB_SECTION_TYPE_LIST, field));
      if (end > size) size = end;
    }
    sizes[i] = (size + 7) & ~7u;
  }
}
