/* Memory for what is built of a module: one region, filled from both ends. */
#include "tb_module.h"

static const char tb_module_full[] = "it needs more memory than this runtime has for modules";

void *tb_module_keep(struct tb_module *module, u64 bytes) {
  module->low += -(uptr)module->low & 7;
  u8 *at = module->low;
  if (at > module->high || bytes > (u64)(module->high - at)) tb_refuse(module, TB_TOO_LARGE, tb_module_full);
  module->low += bytes;
  return at;
}

void *tb_module_lend(struct tb_module *module, u64 bytes) {
  bytes = (bytes + 7) & ~7ull;
  if (bytes > (u64)(module->high - module->low)) tb_refuse(module, TB_TOO_LARGE, tb_module_full);
  return module->high -= bytes;
}

void tb_module_put(struct tb_module *module, u32 byte) {
  if (module->low == module->high) tb_refuse(module, TB_TOO_LARGE, tb_module_full);
  *module->low++ = (u8)byte;
}

void tb_module_put_word(struct tb_module *module, u32 word) {
  for (u32 i = 0; i < 4; i++) tb_module_put(module, word >> 8 * i);
}

void tb_module_put_number(struct tb_module *module, u32 number) {
  for (; number >= 0x80; number >>= 7) tb_module_put(module, number | 0x80);
  tb_module_put(module, number);
}
