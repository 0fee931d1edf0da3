/* What every well-formed module satisfies, whatever its code says: no field is believed before it is checked.
 * Sizes are computed in 64 bits. */
#include "tb_module.h"

enum { TB_HEADER_BYTES = 44, TB_TABLE_AT = 48, TB_MAX_TYPES = 0xffff00, TB_MAX_FIELDS = 0xffff, TB_MAX_NAME = 0xffff,
       TB_MAX_SPACES = 1000, TB_MAX_SEGMENTS = 100000, TB_MAX_MEMORY_PAGES = 0x10000, TB_MAX_MEMBERS = 1 << 22, TB_MAX_SCREEN = 0x4000 };
#define TB_REQUIRED 0x80000000u
/* By kind: the sections that this reader knows, and those of them that code needs. */
#define TB_KNOWN_SECTIONS 0xffc7eu
#define TB_NEEDED_SECTIONS 0x8fc7eu

static const char tb_beyond[] = "it has interfaces, or classes that inherit or have methods, which runtimes do not load: build an executable of it";

/* --- structure: where everything is ---------------------------------------------------------------------- */

/* The area that an offset and a size at *at* describe; they become one of *ranges*. */
static struct tb_area tb_area(struct tb_module *module, const u8 *at, u64 start, u64 *range) {
  u32 offset = tb_load_u32(at), size = tb_load_u32(at + 4);
  tb_require(module, offset >= start && offset <= module->file.size && size <= module->file.size - offset,
             "an area or a section is outside of the file");
  *range = (u64)offset << 32 | size;
  return (struct tb_area){module->file.at + offset, size};
}

static void tb_check_header(struct tb_module *module) {
  const u8 *file = module->file.at;
  u64 size = module->file.size;
  tb_require(module, size >= 4 && tb_load_u32(file) == 0x4f434254, "this is no .tbc file: it does not begin with TBCO");
  tb_require(module, size >= TB_TABLE_AT, "the file ends inside its header");
  tb_require(module, tb_load_u16(file + 4) == 1, "the file has another version than this runtime reads: 1");
  for (u32 kind = 0; kind < TB_SECTIONS; kind++) module->section[kind].at = module->file.at;
  module->flags = tb_load_u16(file + 6);
  tb_require(module, module->flags <= (TB_FLAG_COLLECTOR | TB_FLAG_WIDE), "the file has unknown flags");
  module->entry = tb_load_u32(file + 32);
  module->min_stack = tb_load_u32(file + 36);
  module->min_heap = tb_load_u32(file + 40);
  u32 count = tb_load_u32(file + TB_HEADER_BYTES);
  tb_require(module, count <= (size - TB_TABLE_AT) / 12, "the file ends inside its section table");
  u64 start = TB_TABLE_AT + 12 * (u64)count;
  u8 *high = module->high;
  u64 *ranges = tb_module_lend(module, 8 * ((u64)count + 3));
  module->pool = tb_area(module, file + 8, start, ranges);
  module->code = tb_area(module, file + 16, start, ranges + 1);
  module->data = tb_area(module, file + 24, start, ranges + 2);
  s64 previous = -1;
  for (u64 i = 0; i < count; i++) {
    const u8 *row = file + TB_TABLE_AT + 12 * i;
    u32 word = tb_load_u32(row), kind = word & ~TB_REQUIRED, required = word >> 31;
    tb_require(module, kind > previous, "the sections are not in order of their kinds");
    previous = kind;
    struct tb_area area = tb_area(module, row + 4, start, ranges + 3 + i);
    if (kind < TB_SECTIONS && TB_KNOWN_SECTIONS >> kind & 1) {
      tb_require(module, required == (TB_NEEDED_SECTIONS >> kind & 1), "a section is marked wrongly as required or optional");
      tb_require(module, area.size > 0, "a section is empty");
      module->section[kind] = area;
      if (kind == TB_SECTION_CLASSES) tb_refuse(module, TB_EXCLUDED, tb_beyond);
    } else {
      tb_require(module, !required, "it needs a section that this runtime does not know: build a newer one");
    }
  }
  tb_sort(ranges, (u64)count + 3);
  u64 end = start;
  for (u64 i = 0; i < (u64)count + 3; i++) {
    if (!(u32)ranges[i]) continue;
    tb_require(module, ranges[i] >> 32 >= end, "two areas or sections overlap");
    end = (ranges[i] >> 32) + (u32)ranges[i];
  }
  module->high = high;
}

/* The number of rows of *size* bytes. */
static u32 tb_rows(struct tb_module *module, const struct tb_area *area, u32 size) {
  tb_require(module, area->size % size == 0, "an area or a section ends inside a row");
  return area->size / size;
}

static void tb_check_functions(struct tb_module *module) {
  u32 locals = tb_rows(module, &module->section[TB_SECTION_LOCALS], 4), code_at = 0, local_at = 0;
  module->functions = tb_rows(module, &module->section[TB_SECTION_FUNCTIONS], sizeof(struct tb_function_row));
  for (u32 i = 0; i < module->functions; i++) {
    struct tb_function_row row = tb_module_function(module, i);
    tb_require(module, row.code == code_at && row.first == local_at, "a function does not follow the one before");
    tb_require(module, row.size <= module->code.size - code_at && row.locals <= locals - local_at,
               "code or locals of a function are outside of their area");
    tb_require(module, row.max_stack <= TB_MAX_FRAME, "the operand stack of a function exceeds 32767 cells");
    code_at += row.size;
    local_at += row.locals;
  }
  tb_require(module, code_at == module->code.size && local_at == locals, "code or locals belong to no function");
}

static void tb_check_type_rows(struct tb_module *module) {
  u32 listed = tb_rows(module, &module->section[TB_SECTION_TYPE_LIST], 4);
  u64 at = 0;
  module->types = tb_rows(module, &module->section[TB_SECTION_TYPES], sizeof(struct tb_type_row));
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    if (row.kind == TB_KIND_INTERFACE) tb_refuse(module, TB_EXCLUDED, tb_beyond);
    tb_require(module, row.kind - 1 < 3, "an entry of the type table has an unknown kind");
    if (row.kind == TB_KIND_ARRAY) {
      tb_require(module, !(row.b | row.first), "an array has a list of types");
      continue;
    }
    tb_require(module, row.kind == TB_KIND_FUNCTION || !row.b, "a class has results");
    tb_require(module, row.first == at && (u64)row.a + row.b <= listed - at, "the list of a type is out of place");
    at += (u64)row.a + row.b;
  }
  tb_require(module, at == listed, "section type list has types that belong to no entry");
}

static void tb_check_pool(struct tb_module *module) {
  u32 size = module->data.size;
  u64 at = 0;
  module->constants = tb_rows(module, &module->pool, 8);
  for (u32 i = 0; i < module->constants; i++) {
    u32 kind = tb_load_u32(module->pool.at + 8 * (u64)i), value = tb_load_u32(module->pool.at + 8 * (u64)i + 4);
    tb_require(module, kind - 1 < TB_POOL_UTF16, "an entry of the pool has an unknown kind");
    if (kind <= TB_POOL_F32) continue;
    const u8 *data = module->data.at + at;
    u64 bytes = 8, unused = 0, high = 0;
    tb_require(module, value == at, "the data of a pool entry does not follow the one before");
    if (kind >= TB_POOL_LATIN1) {
      tb_require(module, size - at >= 4, "a pool entry is outside of the data area");
      u64 text = (u64)tb_load_u32(data) << (kind == TB_POOL_UTF16);
      bytes = 4 + ((text + 3) & ~3ull);
      tb_require(module, bytes <= size - at, "a pool entry is outside of the data area");
      for (u64 pad = 4 + text; pad < bytes; pad++) unused |= data[pad];
      for (u64 unit = 5; kind == TB_POOL_UTF16 && unit < 4 + text; unit += 2) high |= data[unit];
      tb_require(module, !unused, "the padding behind a pool entry is not zero");
      tb_require(module, kind == TB_POOL_LATIN1 || high, "a string is in UTF-16 although Latin-1 suffices");
    }
    tb_require(module, bytes <= size - at, "a pool entry is outside of the data area");
    at += bytes;
  }
  tb_require(module, at == size, "the data area has bytes that belong to no pool entry");
}

/* That segments are whole: rows of three words, the last of which counts what follows, of *size* bytes each. */
static u32 tb_check_segments(struct tb_module *module, u32 section, u32 size) {
  const struct tb_area *area = &module->section[section];
  u32 count = 0;
  for (u64 at = 0; at < area->size; count++) {
    tb_require(module, area->size - at >= TB_SEGMENT_ROW, "a section of segments ends inside a row");
    u64 end = at + TB_SEGMENT_ROW + (u64)tb_load_u32(area->at + at + 8) * size, unused = 0;
    at = (end + 3) & ~3ull;
    tb_require(module, at <= area->size, "a section of segments ends inside a segment");
    for (; end < at; end++) unused |= area->at[end];
    tb_require(module, !unused, "the padding behind a data segment is not zero");
  }
  return count;
}

static void tb_check_space_rows(struct tb_module *module) {
  module->memories = tb_rows(module, &module->section[TB_SECTION_MEMORIES], 8);
  module->data_segments = tb_check_segments(module, TB_SECTION_DATA, 1);
  module->tables = tb_rows(module, &module->section[TB_SECTION_TABLES], 8);
  tb_rows(module, &module->section[TB_SECTION_ELEMENTS], 4);
  module->element_segments = tb_check_segments(module, TB_SECTION_ELEMENTS, 4);
}

/* Tables of names: functions, globals, types, fields, locals, methods. */
enum { TB_NAME_TABLES = 6 };

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

/* --- meaning: what indexes and types name ------------------------------------------------------------------- */

struct tb_type_row tb_module_named(const struct tb_module *module, u32 code) {
  struct tb_type_row none = {0, 0, 0, 0};
  return code - 16 < module->types && code >= 16 ? tb_module_type(module, code - 16) : none;
}

/* A type code must name something that a cell (or, if *stored*, a field or an element) can have. */
static void tb_check_code(struct tb_module *module, u32 code, u32 stored) {
  u32 kind = tb_module_named(module, code).kind;
  tb_require(module, code < 16 ? tb_builtin[code] != 0 : kind == TB_KIND_CLASS || kind == TB_KIND_ARRAY,
             "a type code names no type");
  tb_require(module, stored || code >= 16 || !(tb_builtin[code] & TB_BUILTIN_STORED),
             "a type is there that only fields and elements can have");
}

static u32 tb_is_wide(u32 code) { return code < 16 && (tb_builtin[code] & TB_BUILTIN_WIDE); }

static void tb_check_words(struct tb_module *module, u32 section, u32 at, u32 count, u32 stored, u32 *wide) {
  for (u32 i = 0; i < count; i++) {
    u32 code = tb_module_word(module, section, at + i);
    tb_check_code(module, code, stored);
    *wide |= tb_is_wide(code);
  }
}

static void tb_check_types(struct tb_module *module, u32 *wide) {
  u64 members = 0;
  tb_require(module, module->types <= TB_MAX_TYPES, "it has too many types");
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    if (row.kind == TB_KIND_ARRAY) {
      tb_check_code(module, row.a, 1);
      *wide |= tb_is_wide(row.a);
      continue;
    }
    tb_require(module, row.kind != TB_KIND_CLASS || row.a <= TB_MAX_FIELDS, "a class has more than 65535 fields");
    if (row.kind == TB_KIND_CLASS) members += row.a;
    tb_check_words(module, TB_SECTION_TYPE_LIST, row.first, row.a + row.b, row.kind == TB_KIND_CLASS, wide);
  }
  tb_require(module, members <= TB_MAX_MEMBERS, "its classes have too many members");
}

static void tb_check_signatures(struct tb_module *module, u32 *wide) {
  for (u32 i = 0; i < module->functions; i++) {
    struct tb_function_row row = tb_module_function(module, i);
    module->function = i;
    struct tb_type_row type = {0, 0, 0, 0};
    if (row.type < module->types) type = tb_module_type(module, row.type);
    tb_require(module, type.kind == TB_KIND_FUNCTION, "its type is no function type");
    tb_check_words(module, TB_SECTION_LOCALS, row.first, row.locals, 0, wide);
    tb_require(module, (u64)type.a + row.locals + row.max_stack <= TB_MAX_FRAME, "its frame exceeds 32767 cells");
    tb_require(module, type.b <= TB_MAX_FRAME, "it has more than 32767 results");
  }
  module->function = TB_NONE;
}

/* Memories or tables, and the segments that are in them from the start. most: the largest size; unit: items of a
 * segment that fit one of size 1. */
static void tb_check_spaces(struct tb_module *module, u32 spaces, u32 count, u32 most, u32 unit, u32 segments, u32 segment_count) {
  tb_require(module, count <= TB_MAX_SPACES, "it has more than 1000 memories, or tables");
  for (u32 i = 0; i < count; i++) {
    u32 least = tb_module_word(module, spaces, 2 * i), limit = tb_module_word(module, spaces, 2 * i + 1);
    tb_require(module, least <= limit && limit <= most, "a memory or table has wrong sizes");
  }
  tb_require(module, segment_count <= TB_MAX_SEGMENTS, "it has more than 100000 segments");
  const u8 *at = module->section[segments].at;
  for (u32 left = segment_count; left; left--) {
    u32 space = tb_load_u32(at), offset = tb_load_u32(at + 4), items = tb_load_u32(at + 8);
    at += TB_SEGMENT_ROW;
    for (u32 i = 0; segments == TB_SECTION_ELEMENTS && i < items; i++) {
      u32 function = tb_load_u32(at + 4 * (u64)i);
      tb_require(module, function == TB_NONE || function < module->functions, "an element segment names no function");
    }
    at += segments == TB_SECTION_ELEMENTS ? 4 * (u64)items : ((u64)items + 3) & ~3ull;
    if (space == TB_NONE) {
      tb_require(module, !offset, "a segment has an offset, and no memory or table");
      continue;
    }
    tb_require(module, space < count, "a segment names no memory or table");
    u64 size = (u64)tb_module_word(module, spaces, 2 * space) * unit;
    tb_require(module, offset <= size && items <= size - offset, "a segment does not fit its memory or table");
  }
}

static u32 tb_is_name_byte(u32 byte, u32 first) {
  u32 letter = (byte | 0x20) - 'a' < 26 || byte - '0' < 10 || byte == '_';
  return letter || (!first && (byte == '.' || byte == '-'));
}

/* That the rows of pages are whole. */
static void tb_check_page_rows(struct tb_module *module) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_PAGES);
  while (stream.at != stream.end) {
    tb_require(module, stream.end - stream.at >= TB_PAGE_ROW, "section pages ends inside a row");
    u32 size = tb_load_u16(stream.at + 2);
    stream.at += TB_PAGE_ROW;
    tb_require(module, size <= stream.end - stream.at, "section pages ends inside a name");
    tb_check_text(module, stream.at, size);
    stream.at += size;
  }
}

static void tb_check_pages(struct tb_module *module) {
  const u8 *at = module->section[TB_SECTION_PAGES].at, *end = at + module->section[TB_SECTION_PAGES].size;
  const u8 *previous = at;
  u32 previous_size = 0;
  u8 taken[256] = {0};
  for (u32 number = 0; at != end; number++) {
    u32 prefix = at[0], size = tb_load_u16(at + 2);
    at += TB_PAGE_ROW;
    u32 good = size - 1 < 255;
    for (u32 i = 0; i < size; i++) good &= tb_is_name_byte(at[i], i == 0);
    tb_require(module, good, "a page has no proper name");
    if (size == 4 && !__builtin_memcmp(at, "core", 4)) {
      tb_require(module, number == 0 && prefix == 0xff, "page core is not listed first, or twice, or with a prefix");
    } else {
      u32 shorter = size < previous_size ? size : previous_size;
      int order = __builtin_memcmp(previous, at, shorter);
      tb_require(module, order < 0 || (order == 0 && previous_size < size), "a page is listed twice or not in order of names");
      tb_require(module, prefix >= 0x60 && prefix <= 0xfe && !taken[prefix], "a page has a wrong prefix");
      taken[prefix] = 1;
      previous = at;
      previous_size = size;
    }
    at += size;
  }
}

static void tb_check_shapes(struct tb_module *module) {
  const struct tb_area *area = &module->section[TB_SECTION_SHAPES];
  u32 words = area->size / 4, at = 0, none = 0;
  s64 before = -1;
  while (at < words) {
    u32 function = tb_module_word(module, TB_SECTION_SHAPES, at), offset = tb_module_word(module, TB_SECTION_SHAPES, at + 1);
    u32 count = tb_module_word(module, TB_SECTION_SHAPES, at + 2);
    tb_require(module, function < module->functions, "a shape names no function");
    struct tb_function_row row = tb_module_function(module, function);
    module->function = function;
    module->offset = offset;
    tb_require(module, offset < row.size, "a shape stands behind its code");
    s64 place = (s64)((u64)function << 32 | offset);
    tb_require(module, place > before, "the shapes are not in order");
    before = place;
    tb_require(module, count <= row.max_stack, "a shape is deeper than its operand stack");
    module->offset = -1;
    tb_check_words(module, TB_SECTION_SHAPES, at + 3, count, 0, &none);
    at += 3 + count;
    module->function = TB_NONE;
  }
}

/* That the shapes are whole, before what they say is looked at. */
static void tb_check_shape_rows(struct tb_module *module) {
  u32 words = tb_rows(module, &module->section[TB_SECTION_SHAPES], 4);
  for (u64 at = 0; at < words;) {
    tb_require(module, words - at >= 3, "section shapes ends inside a row");
    at += 3 + (u64)tb_module_word(module, TB_SECTION_SHAPES, (u32)at + 2);
    tb_require(module, at <= words, "section shapes ends inside a row");
  }
}

static void tb_check_names(struct tb_module *module) {
  struct tb_stream stream = tb_stream(module, TB_SECTION_NAMES);
  const u32 expected[TB_NAME_TABLES] = {module->functions, tb_rows(module, &module->section[TB_SECTION_GLOBALS], 4), module->types,
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

void tb_module_check(struct tb_module *module) {
  u32 wide = 0;
  tb_check_header(module);
  tb_check_functions(module);
  tb_check_type_rows(module);
  tb_check_pool(module);
  module->globals = tb_rows(module, &module->section[TB_SECTION_GLOBALS], 4);
  tb_check_page_rows(module);
  tb_check_shape_rows(module);
  tb_check_space_rows(module);
  const struct tb_area *screen = &module->section[TB_SECTION_SCREEN];
  tb_require(module, !screen->size || (screen->size == 8 && tb_load_u64(screen->at)), "section screen is not a width and a height");
  tb_check_debug(module);
  tb_check_types(module, &wide);
  for (u32 i = 0; i < module->constants; i++) {
    u32 kind = tb_load_u32(module->pool.at + 8 * (u64)i);
    wide |= kind == TB_POOL_I64 || kind == TB_POOL_F64;
  }
  tb_check_words(module, TB_SECTION_GLOBALS, 0, module->globals, 0, &wide);
  tb_check_signatures(module, &wide);
  tb_check_spaces(module, TB_SECTION_MEMORIES, module->memories, TB_MAX_MEMORY_PAGES, 1u << 16, TB_SECTION_DATA,
                  module->data_segments);
  tb_check_spaces(module, TB_SECTION_TABLES, module->tables, TB_NONE, 1, TB_SECTION_ELEMENTS, module->element_segments);
  tb_require(module, module->entry < module->functions, "the entry point is no function");
  for (u32 i = 0; i < screen->size / 4; i++) {
    u32 size = tb_module_word(module, TB_SECTION_SCREEN, i);
    tb_require(module, size - 1 < TB_MAX_SCREEN, "its screen has a wrong width or height");
  }
  tb_check_pages(module);
  tb_check_shapes(module);
  tb_check_names(module);
  tb_check_lines(module);
  tb_require(module, !wide == !(module->flags & TB_FLAG_WIDE), "the flag for 64-bit cells contradicts the types");
}
