/* Tables `interfaces`, `interface_rows` and `interface_depths` of a module that was loaded: memory/tables.py in C. */
#include "tb_classes.h"

/* The entries of a class: for each method of each interface that it implements the function; how many there are. */
static u32 tb_load_methods(const struct tb_module *module, u32 type, struct tb_entry_at *row) {
  u32 count = 0;
  for (u32 each = type; each != TB_NONE; each = tb_module_kin(module, each)->heir) {
    const struct tb_kin *kin = tb_module_kin(module, each);
    for (u32 at = kin->faces, left = kin->face_count; left; left--) {
      struct tb_face face = tb_module_face(module, &at);
      u32 first = tb_module_kin(module, face.interface - TB_TYPE_MODULE)->methods;
      for (u32 i = 0; i < face.count; i++) {
        u32 slot = tb_module_word(module, TB_SECTION_CLASSES, face.slots + i);
        row[count++] = (struct tb_entry_at){first + i, tb_module_virtual(module, type, slot)};
      }
    }
  }
  return count;
}

void tb_interfaces_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *rows = tb_module_keep(module, (u64)module->types * 4), depth = 0;
  u8 *depths = tb_module_keep(module, module->hierarchy->methods), *high = module->high;
  struct tb_displaced matrix;
  tb_displace_begin(module, &matrix);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row type = tb_module_type(module, i);
    u32 is_class = type.kind == TB_KIND_CLASS, members = is_class ? tb_module_kin(module, i)->members : 0;
    struct tb_entry_at *row = tb_module_lend(module, (u64)members * sizeof *row);
    rows[i] = tb_displace(module, &matrix, row, is_class ? tb_load_methods(module, i, row) : 0);
    module->high = high;
    for (u32 method = type.first; type.kind == TB_KIND_INTERFACE && method < type.first + type.a; method++)
      depths[depth++] = (u8)tb_module_type(module, tb_module_word(module, TB_SECTION_TYPE_LIST, method)).a;
  }
  tb_displace_end(module, &matrix, depth);
  TB_SET_TABLE(interfaces, matrix.table);
  TB_SET_TABLE(interface_rows, rows);
  TB_SET_TABLE(interface_depths, depths);
}
