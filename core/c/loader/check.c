/* What every well-formed module satisfies, whatever its code says: no field is believed before it is checked.
 * Sizes are computed in 64 bits. */
#include "tb_check.h"

enum { TB_HEADER_BYTES = 44, TB_TABLE_AT = 48, TB_MAX_SCREEN = 0x4000 };
#define TB_REQUIRED 0x80000000u
/* By kind: the sections that this reader knows, and those of them that code needs. */
#define TB_KNOWN_SECTIONS 0x3fff7eu
#define TB_NEEDED_SECTIONS 0x38fd7eu

static const char tb_plain[] = "it has interfaces, or classes that inherit or have methods: build a runtime with page object";

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
      if (!TB_CLASSES && kind == TB_SECTION_CLASSES) tb_refuse(module, TB_EXCLUDED, tb_plain);
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
    if (!TB_CLASSES && row.kind == TB_KIND_INTERFACE) tb_refuse(module, TB_EXCLUDED, tb_plain);
    tb_require(module, row.kind - 1 < 3 + TB_CLASSES, "an entry of the type table has an unknown kind");
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

/* That the shapes are whole, before what they say is looked at. */
static void tb_check_shape_rows(struct tb_module *module) {
  u32 words = tb_rows(module, &module->section[TB_SECTION_SHAPES], 4);
  for (u64 at = 0; at < words;) {
    tb_require(module, words - at >= 3, "section shapes ends inside a row");
    at += 3 + (u64)tb_module_word(module, TB_SECTION_SHAPES, (u32)at + 2);
    tb_require(module, at <= words, "section shapes ends inside a row");
  }
}

void tb_module_check(struct tb_module *module) {
  u32 wide = 0;
  tb_check_header(module);
  tb_check_functions(module);
  tb_check_type_rows(module);
  if (TB_CLASSES) tb_check_class_rows(module);
  tb_check_pool(module);
  module->globals = tb_rows(module, &module->section[TB_SECTION_GLOBALS], 4);
  tb_check_page_rows(module);
  tb_check_shape_rows(module);
  tb_check_space_rows(module);
  const struct tb_area *screen = &module->section[TB_SECTION_SCREEN];
  tb_require(module, !screen->size || (screen->size == 8 && tb_load_u64(screen->at)), "section screen is not a width and a height");
  tb_check_imports(module, 0);
  tb_check_exports(module, 0);
  tb_require(module, tb_rows(module, &module->section[TB_SECTION_START], 4) < 2, "section start is not one function");
  tb_rows(module, &module->section[TB_SECTION_FIXED], 4);
  tb_check_debug(module);
  tb_check_types(module, &wide);
  for (u32 i = 0; i < module->constants; i++) {
    u32 kind = tb_load_u32(module->pool.at + 8 * (u64)i);
    wide |= kind == TB_POOL_I64 || kind == TB_POOL_F64;
  }
  tb_check_words(module, TB_SECTION_GLOBALS, 0, module->globals, 0, &wide);
  tb_check_signatures(module, &wide);
  tb_check_spaces(module);
  if (TB_CLASSES) tb_check_classes(module);
  tb_require(module, module->entry < module->functions, "the entry point is no function");
  for (u32 i = 0; i < screen->size / 4; i++) {
    u32 size = tb_module_word(module, TB_SECTION_SCREEN, i);
    tb_require(module, size - 1 < TB_MAX_SCREEN, "its screen has a wrong width or height");
  }
  tb_check_start(module);
  tb_check_pages(module);
  tb_check_shapes(module);
  tb_check_imports(module, 1);
  tb_check_exports(module, 1);
  tb_check_names(module);
  tb_check_lines(module);
  tb_require(module, !wide == !(module->flags & TB_FLAG_WIDE), "the flag for 64-bit cells contradicts the types");
}
