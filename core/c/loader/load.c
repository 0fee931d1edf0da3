/* A module from its bytes to a program. */
#include "tb_frame.h"
#include "tb_loading.h"

/* What the module asks of the runtime beyond its opcodes. */
static void tb_check_limits(struct tb_context *cx, struct tb_module *module) {
  if ((module->flags & TB_FLAG_COLLECTOR) && !TB_COLLECTS)
    tb_refuse(module, TB_EXCLUDED, "it relies on a collector, which this runtime does not have: build one with a collector");
  if (!TB_LINKS && module->imported[TB_EXPORT_TABLE] + module->imported[TB_EXPORT_MEMORY] + module->imported[TB_EXPORT_GLOBAL])
    tb_refuse(module, TB_EXCLUDED, "it imports a memory, a table or a global, which nobody gives here: load it in Python");
  u64 cells = tb_functions(cx)[TB_ENTRY(cx)].cells, first = module->start == TB_NONE ? 0 : tb_functions(cx)[module->start].cells;
  if (module->min_stack > TB_STACK_CELLS || cells > TB_STACK_CELLS || first > TB_STACK_CELLS)
    tb_refuse(module, TB_TOO_LARGE, "it needs a larger stack than this runtime has: build one with --stack");
  if (module->min_heap > TB_HEAP_BYTES)
    tb_refuse(module, TB_TOO_LARGE, "it needs a larger heap than this runtime has: build one with --heap");
}

void tb_module_load(struct tb_context *cx, struct tb_module *module) {
  tb_module_check(module);
  TB_BEFORE_LINK(cx, module);
  tb_module_layout(module);
  tb_module_verify(module);
  tb_module_tables(cx, module);
  tb_check_limits(cx, module);
}
