/* The data segments that a program copies itself: a runtime has room for so many. */
#include "tb_module.h"

void tb_linear_init_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  if (module->data_segments > TB_DATA_SEGMENTS) tb_refuse(module, TB_TOO_LARGE, "it has more data segments than this runtime takes");
}
