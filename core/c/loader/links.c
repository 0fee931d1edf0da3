/* What a module takes of its host, and what it gives it: imports, exports. */
#include "tb_check.h"

static void tb_check_imports(struct tb_module *module, u32 meaning) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_IMPORTS);
  if (meaning) module->import_types = tb_module_keep(module, (u64)module->imports * 4);
  module->imports = 0;
  while (stream.at != stream.end) {
    u32 size = tb_stream_name(&stream), longer = tb_stream_name(&stream);
    if (size > longer) longer = size;
    tb_require(module, tb_stream_number(&stream, 0) == 0, "an import has an unknown kind");
    u32 type = (u32)tb_stream_number(&stream, 0), number = module->imports++;
    if (!meaning) continue;
    tb_require(module, longer <= TB_MAX_NAME, "a name is longer than 65535 bytes");
    tb_require(module, type < module->types && tb_module_type(module, type).kind == TB_KIND_FUNCTION,
               "the type of an import is no function type");
    module->import_types[number] = type;
  }
}

static void tb_check_exports(struct tb_module *module, u32 meaning) {
  const u32 counts[] = {module->functions, module->tables, module->memories, module->globals};
  struct tb_stream stream = tb_stream(module, TB_SECTION_EXPORTS);
  const u8 *previous = 0;
  u32 previous_size = 0;
  while (stream.at != stream.end) {
    u32 size = tb_stream_name(&stream);
    const u8 *name = stream.at - size;
    u32 kind = (u32)tb_stream_number(&stream, 0), index = (u32)tb_stream_number(&stream, 0);
    tb_require(module, kind < sizeof counts / sizeof *counts, "an export has an unknown kind");
    if (!meaning) continue;
    tb_require(module, size <= TB_MAX_NAME, "a name is longer than 65535 bytes");
    tb_require(module, index < counts[kind], "an export names what is not there");
    if (previous) {
      int order = __builtin_memcmp(previous, name, size < previous_size ? size : previous_size);
      tb_require(module, order < 0 || (order == 0 && previous_size < size), "the exports are not in order of their names");
    }
    previous = name;
    previous_size = size;
  }
}
