/* The element segments that a program copies itself: a runtime has room for so many. */
#include "tb_module.h"

void tb_tables_init_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  if (module->element_segments > TB_ELEMENT_SEGMENTS)
    tb_refuse(module, TB_TOO_LARGE, "it has more element segments than this runtime takes");
}
