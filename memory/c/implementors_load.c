/* Tables `implementors` and `implementor_rows` of a module that was loaded: memory/tables.py in C. */
#include "tb_classes.h"

/* The entries of a class: its type index for each interface that it implements; how many there are. */
static u32 tb_load_implemented(const struct tb_module *module, u32 type, struct tb_entry_at *row) {
  u32 count = 0;
  for (u32 each = type; each != TB_NONE; each = tb_module_kin(module, each)->heir) {
    const struct tb_kin *kin = tb_module_kin(module, each);
    for (u32 at = kin->faces, left = kin->face_count; left; left--) {
      u32 interface = tb_module_face(module, &at).interface - TB_TYPE_MODULE;
      row[count++] = (struct tb_entry_at){tb_module_kin(module, interface)->number, TB_TYPE_MODULE + type};
    }
  }
  return count;
}

void tb_implementors_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *rows = tb_module_keep(module, ((u64)TB_TYPE_MODULE + module->types) * 4);
  u8 *high = module->high;
  struct tb_displaced matrix;
  __builtin_memset(rows, 0, TB_TYPE_MODULE * sizeof *rows);
  tb_displace_begin(module, &matrix);
  for (u32 i = 0; i < module->types; i++) {
    u32 is_class = tb_module_type(module, i).kind == TB_KIND_CLASS, members = is_class ? tb_module_kin(module, i)->members : 0;
    struct tb_entry_at *row = tb_module_lend(module, (u64)members * sizeof *row);
    rows[TB_TYPE_MODULE + i] = tb_displace(module, &matrix, row, is_class ? tb_load_implemented(module, i, row) : 0);
    module->high = high;
  }
  tb_displace_end(module, &matrix, module->hierarchy->interfaces);
  TB_SET_TABLE(implementors, matrix.table);
  TB_SET_TABLE(implementor_rows, rows);
}
