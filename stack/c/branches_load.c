/* Table `branches` of a module that was loaded: the linker has made it. */
#include "tb_module.h"

void tb_branches_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  TB_SET_TABLE(branches, module->branches);
}
