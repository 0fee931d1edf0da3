/* The sections that only people need: names, lines, the source. */
#include "tb_check.h"
#include "tb_classes.h"

/* Tables of names; an entry of the last three is a list of names. */
enum { TB_NAMES_FUNCTIONS, TB_NAMES_GLOBALS, TB_NAMES_TYPES, TB_NAMES_FIELDS, TB_NAMES_LOCALS, TB_NAMES_METHODS,
       TB_NAME_TABLES };

static s32 tb_stream_number(struct tb_stream *stream, u32 is_signed) {
  s32 number = 0;
  tb_require(stream->module, tb_module_leb(&stream->at, stream->end, is_signed, &number),
             "a number of a section ends too early, exceeds 32 bits or is not in its shortest form");
  return number;
}

/* A number of items, each of which takes at least a byte. */
static u32 tb_stream_count(struct tb_stream *stream) {
  u32 count = (u32)tb_stream_number(stream, 0);
  tb_require(stream->module, count <= (u64)(stream->end - stream->at), "a section ends inside a list");
  return count;
}

static void tb_check_text(struct tb_module *module, const u8 *at, u32 bytes) {
  u32 length, shown;
  for (const u8 *end = at + bytes; at != end; at += length) {
    length = tb_module_scalar(at, end, &shown);
    tb_require(module, length, "a name is not UTF-8");
  }
}

static u32 tb_stream_name(struct tb_stream *stream) {
  u32 size = tb_stream_count(stream);
  tb_check_text(stream->module, stream->at, size);
  stream->at += size;
  return size;
}

static struct tb_stream tb_stream(struct tb_module *module, u32 section) {
  const struct tb_area *area = &module->section[section];
  return (struct tb_stream){module, area->at, area->at + area->size};
}

static void tb_check_debug(struct tb_module *module) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_LINES);
  tb_check_text(module, module->section[TB_SECTION_SOURCE].at, module->section[TB_SECTION_SOURCE].size);
  u32 lines = stream.at != stream.end;
  for (u32 i = 0; lines && i < module->functions; i++) {
    for (u32 left = tb_stream_count(&stream); left; left--) {
      tb_stream_number(&stream, 0);
      tb_stream_number(&stream, 1);
    }
  }
  tb_require(module, stream.at == stream.end, "section lines goes on behind its end");
  stream = tb_stream(module, TB_SECTION_NAMES);
  if (stream.at == stream.end) return;
  u32 any = 0;
  for (u32 table = 0; table < TB_NAME_TABLES; table++) {
    u32 count = tb_stream_count(&stream);
    any |= count;
    if (table == TB_NAMES_FUNCTIONS) {
      module->names = count;
      module->first_name = stream.at;
    }
    for (; count; count--) {
      if (table < TB_NAMES_FIELDS)
        tb_stream_name(&stream);
      else
        for (u32 left = tb_stream_count(&stream); left; left--) tb_stream_name(&stream);
    }
  }
  tb_require(module, stream.at == stream.end, "section names goes on behind its end");
  tb_require(module, any, "section names has no names");
}

/* How many names the list of entry *index* has: what a class adds to its superclass, what an interface or a function has. */
static u32 tb_count_named(const struct tb_module *module, u32 table, u32 index) {
  if (table == TB_NAMES_LOCALS) {
    struct tb_function_row row = tb_module_function(module, index);
    return tb_module_type(module, row.type).a + row.locals;
  }
  struct tb_type_row row = tb_module_type(module, index);
  if (table == TB_NAMES_FIELDS) return row.kind == TB_KIND_CLASS ? row.a : 0;
  if (!TB_CLASSES) return 0;
  u32 above = tb_module_above(module, index), inherited = above == TB_NONE ? 0 : tb_module_kin(module, above)->virtual_count;
  return row.kind == TB_KIND_INTERFACE ? row.a : tb_module_kin(module, index)->virtual_count - inherited;
}

static void tb_check_names(struct tb_module *module) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_NAMES);
  const u32 expected[TB_NAME_TABLES] = {module->functions, module->globals, module->types,
                                        module->types, module->functions, module->types};
  tb_require(module, module->section[TB_SECTION_SOURCE].size <= TB_MAX_NAME, "a name is longer than 65535 bytes");
  for (u32 table = 0; module->section[TB_SECTION_NAMES].size && table < TB_NAME_TABLES; table++) {
    u32 count = tb_stream_count(&stream);
    tb_require(module, !count || count == expected[table], "a table of names has the wrong length");
    for (u32 i = 0; i < count; i++) {
      u32 names = 1, kind = table == TB_NAMES_TYPES ? tb_module_type(module, i).kind : 0;
      if (table >= TB_NAMES_FIELDS) {
        names = tb_stream_count(&stream);
        tb_require(module, !names || names == tb_count_named(module, table, i),
                   "fields, locals or methods have names of another number than there are");
      }
      for (; names; names--) {
        u32 size = tb_stream_name(&stream);
        tb_require(module, size <= TB_MAX_NAME, "a name is longer than 65535 bytes");
        u32 named = kind == TB_KIND_CLASS || (TB_CLASSES && kind == TB_KIND_INTERFACE);
        tb_require(module, table != TB_NAMES_TYPES || !size || named, "a type has a name but is no class or interface");
      }
    }
  }
}

static void tb_check_lines(struct tb_module *module) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_LINES);
  u32 lines = stream.at != stream.end;
  for (u32 i = 0; lines && i < module->functions; i++) {
    u32 size = tb_module_function(module, i).size;
    s64 offset = 0, line = 0, previous = -1;
    module->function = i;
    for (u32 left = tb_stream_count(&stream); left; left--) {
      offset += tb_stream_number(&stream, 0);
      line += tb_stream_number(&stream, 1);
      module->offset = offset;
      tb_require(module, previous < offset && offset < size && line >= 0 && line <= 0x7fffffff,
                 "a row of the line table is wrong");
      previous = offset;
    }
    module->offset = -1;
  }
  module->function = TB_NONE;
}
