/* What a module takes of its host, and what it gives it: imports, exports. */
#include "tb_check.h"

static void tb_check_imports(struct tb_module *module, u32 meaning) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_IMPORTS);
  const u32 counts[] = {0, module->tables, module->memories, module->globals};
  if (meaning) {
    module->import_types = tb_module_keep(module, (u64)module->imports * 4);
    module->import_kinds = tb_module_keep(module, module->imports);
  }
  module->imports = 0;
  for (u32 kind = 0; kind < TB_EXPORT_KINDS; kind++) module->imported[kind] = 0;
  while (stream.at != stream.end) {
    u32 size = tb_stream_name(&stream), longer = tb_stream_name(&stream);
    if (size > longer) longer = size;
    u32 kind = (u32)tb_stream_number(&stream, 0);
    tb_require(module, kind < TB_EXPORT_KINDS, "an import has an unknown kind");
    u32 type = (u32)tb_stream_number(&stream, 0), number = module->imports++, before = module->imported[kind]++;
    if (!meaning) continue;
    tb_require(module, longer <= TB_MAX_NAME, "a name is longer than 65535 bytes");
    if (kind == TB_EXPORT_FUNCTION)
      tb_require(module, type < module->types && tb_module_type(module, type).kind == TB_KIND_FUNCTION,
                 "the type of an import is no function type");
    else
      tb_require(module, type == before && type < counts[kind], "an import is none of its kind, or not in order");
    module->import_types[number] = type;
    module->import_kinds[number] = (u8)kind;
  }
}

static void tb_check_start(struct tb_module *module) {
  const struct tb_area *start = &module->section[TB_SECTION_START];
  module->start = TB_NONE;
  if (start->size) {
    module->start = tb_load_u32(start->at);
    tb_require(module, module->start < module->functions, "the start function is none");
    struct tb_type_row type = tb_module_type(module, tb_module_function(module, module->start).type);
    tb_require(module, !(type.a | type.b), "the start function takes or gives something");
  }
  s64 previous = -1;
  for (u32 i = 0; i < module->section[TB_SECTION_FIXED].size / 4; i++) {
    u32 index = tb_module_word(module, TB_SECTION_FIXED, i);
    tb_require(module, index > previous && index < module->globals, "a fixed global is none, or out of order");
    previous = index;
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
    tb_require(module, kind < TB_EXPORT_KINDS, "an export has an unknown kind");
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
