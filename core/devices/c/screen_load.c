/* The screen of a module that was loaded: width and height, 0 where it declares none. */
#include "tb_module.h"

void tb_screen_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *size = tb_module_keep(module, 8);
  tb_store_u64(size, module->section[TB_SECTION_SCREEN].size ? tb_load_u64(module->section[TB_SECTION_SCREEN].at) : 0);
  TB_SET_TABLE(screen, size);
}
