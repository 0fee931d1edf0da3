/* The sections that only people need: names, lines, the source. */
#include "tb_check.h"

/* Tables of names: functions, globals, types, fields, locals, methods. */
enum { TB_NAME_TABLES = 6, TB_MAX_NAME = 0xffff };

/* A reader of the debug sections. */
struct tb_stream {
  struct tb_module *module;
  const u8 *at, *end;
};

static s32 tb_stream_number(struct tb_stream *stream, u32 is_signed) {
  s32 number = 0;
  tb_require(stream->module, tb_module_leb(&stream->at, stream->end, is_signed, &number),
             "a number of the debug information ends too early, exceeds 32 bits or is not in its shortest form");
  return number;
}

/* A number of items, each of which takes at least a byte. */
static u32 tb_stream_count(struct tb_stream *stream) {
  u32 count = (u32)tb_stream_number(stream, 0);
  tb_require(stream->module, count <= stream->end - stream->at, "a section of debug information ends inside a list");
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
    if (table == 0) {
      module->names = count;
      module->first_name = stream.at;
    }
    for (; count; count--) {
      if (table < 3)
        tb_stream_name(&stream);
      else
        for (u32 left = tb_stream_count(&stream); left; left--) tb_stream_name(&stream);
    }
  }
  tb_require(module, stream.at == stream.end, "section names goes on behind its end");
  tb_require(module, any, "section names has no names");
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
      struct tb_type_row type = {0, 0, 0, 0};
      if (table == 2 || table == 3) type = tb_module_type(module, i);
      u32 names = 1;
      if (table >= 3) {
        u32 all = type.kind == TB_KIND_CLASS && table == 3 ? type.a : 0; /* no type has methods here */
        if (table == 4) {
          struct tb_function_row row = tb_module_function(module, i);
          all = tb_module_type(module, row.type).a + row.locals;
        }
        names = tb_stream_count(&stream);
        tb_require(module, !names || names == all, "fields or locals have names of another number than there are");
      }
      for (; names; names--) {
        u32 size = tb_stream_name(&stream);
        tb_require(module, size <= TB_MAX_NAME, "a name is longer than 65535 bytes");
        tb_require(module, table != 2 || !size || type.kind == TB_KIND_CLASS, "a type has a name but is no class");
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
