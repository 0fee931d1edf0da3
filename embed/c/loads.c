/* Modules that the host loads. */
#include "tb_embed.h"
#include "tb_loading.h"

void tb_module_refusal_put(struct tb_module *module, const void *text, u64 bytes) {
  tb_embed_say(tb_embedded(module->context)->owner, text, bytes);
}

_Noreturn void tb_refuse(struct tb_module *module, u32 status, const char *message) {
  tb_module_refusal(module, message);
  tb_embed_leave(tb_embedded(module->context)->owner, (int)status);
}

void tb_embed_source(struct tb_context *cx, const void *file, u64 bytes) {
  struct tb_module module = {0};
  module.context = cx;
  module.image = &cx->store->image;
  module.function = TB_NONE;
  module.offset = -1;
  if (!file) tb_refuse(&module, TBLVM_MISUSED, "this library has no program inside: give it a module");
  if (bytes >= TB_LOAD_MEMORY) tb_refuse(&module, TB_TOO_LARGE, "it is larger than the limit for modules: set a larger load.memory");
  u8 *memory = TB_MAP(cx, 0, TB_LOAD_MEMORY);
  if (bytes) __builtin_memcpy(memory, file, bytes);
  module.file.at = memory;
  module.file.size = (u32)bytes;
  module.low = memory + bytes;
  module.high = memory + TB_LOAD_MEMORY;
  tb_module_load(cx, &module);
}
