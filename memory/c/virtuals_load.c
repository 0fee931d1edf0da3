/* Tables `virtuals` and `virtual_rows` of a module that was loaded: memory/tables.py in C. */
#include "tb_classes.h"

void tb_virtuals_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  /* Section classes has them one behind the other; what else it has is in no row. */
  const struct tb_area *area = &module->section[TB_SECTION_CLASSES];
  u32 *functions = tb_module_keep(module, area->size), *rows = tb_module_keep(module, (u64)module->types * 4);
  TB_SET_TABLE(virtuals, functions);
  TB_SET_TABLE(virtual_rows, rows);
  __builtin_memcpy(functions, area->at, area->size);
  for (u32 i = 0; i < module->types; i++) rows[i] = tb_module_kin(module, i)->virtuals;
}
