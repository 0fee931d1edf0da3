/* Table `screen` of a module that was loaded: its columns and rows, 0 for none. */
#include "tb_module.h"

void tb_screen_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *size = tb_module_keep(module, 2 * sizeof *size);
  TB_SET_TABLE(screen, size);
  for (u32 i = 0; i < 2; i++)
    size[i] = module->section[TB_SECTION_SCREEN].size ? tb_module_word(module, TB_SECTION_SCREEN, i) : 0;
}
