/* A module that imports what no micro-library offers is not run. */
#include "tb_module.h"
#include "tb_native.h"

static void tb_put_text(struct tb_module *module, struct tb_area text) {
  for (u32 i = 0; i < text.size; i++) tb_module_put(module, text.at[i]);
}

void tb_standalone_load(struct tb_context *cx, struct tb_module *module);
void tb_standalone_load(struct tb_context *cx, struct tb_module *module) {
  const struct tb_area *section = &module->section[TB_SECTION_IMPORTS];
  const u8 *at = section->at;
  for (u32 i = 0; i < module->imports; i++) {
    struct tb_import_row row = tb_module_import(&at, section->at + section->size);
    u32 number = tb_natives(cx)[i];
    if (row.kind != TB_EXPORT_FUNCTION || (number && number != TB_NATIVE_OTHER)) continue;
    module->subject.at = module->low;
    tb_put_text(module, row.module);
    tb_module_put(module, '.');
    tb_put_text(module, row.name);
    module->subject.size = (u32)(module->low - module->subject.at);
    tb_refuse(module, TB_EXCLUDED, number ? "it imports $ with other types than this runtime offers it"
                                          : "it imports $, which this runtime does not offer: load it in Python, with a function for it");
  }
}
