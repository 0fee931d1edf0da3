/* The global variables of a module that was loaded. */
#include "tb_module.h"

void tb_globals_load(struct tb_context *cx, struct tb_module *module) {
  u64 bytes = (u64)module->globals * sizeof(cell);
  tb_store_of(cx)->globals = tb_module_keep(module, bytes);
  __builtin_memset(tb_store_of(cx)->globals, 0, bytes);
}
