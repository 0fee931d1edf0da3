/* Table `global_refs` of a module that was loaded: memory/tables.py in C. */
#include "tb_module.h"

void tb_global_refs_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *row = tb_module_keep(module, ((u64)module->globals + 1) * 4), count = 0;
  TB_SET_TABLE(global_refs, row);
  for (u32 i = 0; i < module->globals; i++)
    if (tb_is_reference(tb_module_word(module, TB_SECTION_GLOBALS, i))) row[++count] = i;
  row[0] = count;
}
