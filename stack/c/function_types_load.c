/* Table `function_types` of a module that was loaded: stack/tables.py in C. */
#include "tb_module.h"

void tb_function_types_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *numbers = tb_module_keep(module, (u64)module->functions * 4);
  TB_SET_TABLE(function_types, numbers);
  for (u32 i = 0; i < module->functions; i++) numbers[i] = module->canonical[tb_module_function(module, i).type];
}
