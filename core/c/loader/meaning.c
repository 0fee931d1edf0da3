/* What indexes and types of a module name. */
#include "tb_check.h"

enum { TB_MAX_SPACES = 1000, TB_MAX_SEGMENTS = 100000, TB_MAX_MEMORY_PAGES = 0x10000 };

struct tb_type_row tb_module_named(const struct tb_module *module, u32 code) {
  struct tb_type_row none = {0, 0, 0, 0};
  return code - 16 < module->types && code >= 16 ? tb_module_type(module, code - 16) : none;
}

static void tb_check_code(struct tb_module *module, u32 code, u32 stored) {
  u32 kind = tb_module_named(module, code).kind;
  tb_require(module, code < 16 ? tb_builtin[code] != 0 : tb_is_reference_kind(kind),
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
static void tb_check_kind_of_space(struct tb_module *module, u32 spaces, u32 count, u32 most, u32 unit, u32 segments, u32 segment_count) {
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

static void tb_check_spaces(struct tb_module *module) {
  tb_check_kind_of_space(module, TB_SECTION_MEMORIES, module->memories, TB_MAX_MEMORY_PAGES, 1u << 16, TB_SECTION_DATA,
                         module->data_segments);
  tb_check_kind_of_space(module, TB_SECTION_TABLES, module->tables, TB_NONE, 1, TB_SECTION_ELEMENTS,
                         module->element_segments);
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
