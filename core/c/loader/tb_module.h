/* A module as it is loaded: the bytes of its .tbc file, and what was found out about them.
 *
 *     memory   | file ... | kept ->                      <- lent |
 *                           low                          high
 *
 * Numbers of the file are read where they are: they need not be aligned. docs/file-format.md has the format;
 * the order of checks is that of core/tbc.py and core/wellformed.py, so that both find the same thing first. */
#ifndef TB_MODULE_H
#define TB_MODULE_H
#include "tb.h"

enum { TB_SECTION_FUNCTIONS = 1, TB_SECTION_LOCALS, TB_SECTION_TYPES, TB_SECTION_TYPE_LIST, TB_SECTION_GLOBALS,
       TB_SECTION_PAGES, TB_SECTION_IMPORTS = 8, TB_SECTION_EXPORTS, TB_SECTION_SHAPES, TB_SECTION_MEMORIES, TB_SECTION_DATA, TB_SECTION_TABLES,
       TB_SECTION_ELEMENTS, TB_SECTION_CLASSES, TB_SECTION_NAMES, TB_SECTION_LINES, TB_SECTION_SOURCE,
       TB_SECTION_SCREEN, TB_SECTION_START, TB_SECTION_FIXED, TB_SECTIONS };
/* What can be imported and exported. */
enum { TB_EXPORT_FUNCTION, TB_EXPORT_TABLE, TB_EXPORT_MEMORY, TB_EXPORT_GLOBAL, TB_EXPORT_KINDS };
enum { TB_KIND_CLASS = 1, TB_KIND_ARRAY, TB_KIND_FUNCTION, TB_KIND_INTERFACE };
enum { TB_POOL_I32 = 1, TB_POOL_F32, TB_POOL_I64, TB_POOL_F64, TB_POOL_LATIN1, TB_POOL_UTF16 };
enum { TB_FLAG_COLLECTOR = 1, TB_FLAG_WIDE = 2 };
enum { TB_MAX_FRAME = 0x7fff };
/* Bytes of a row of the pages section before the page's name: prefix, last opcode, length, fingerprint. */
enum { TB_PAGE_ROW = 12 };
/* Bytes of a segment before its items: memory or table, offset, how many. */
enum { TB_SEGMENT_ROW = 12 };

/* Exit statuses of refusals: docs/command-line.md. */
enum { TB_UNREADABLE = 2, TB_EXCLUDED = 4, TB_INVALID = 5, TB_TOO_LARGE = 6 };

#define TB_NONE 0xffffffffu

/* Type codes that C knows by name; those of the type table follow from TB_TYPE_MODULE on. */
enum { TB_I32 = 1, TB_ANY = 5 };

struct tb_area {
  u8 *at;
  u32 size;
};

/* Rows as the file has them. */
struct tb_function_row {
  u32 code, size, type, first, locals, max_stack;
};
struct tb_type_row {
  u32 kind, a, b, first;
};

struct tb_import_row {
  struct tb_area module, name;
  u32 kind, type;
};

/* image: where the runtime finds the tables that are made; context: whose program it becomes, for whoever refuses it.
 * functions ... imports: numbers of rows. import_kinds, import_types: of each import its kind, and the index of its
 * function type, or which one of its kind among the module's it is. imported: how many there are of each kind. start:
 * TB_NONE for none. names: how
 * many functions have a name in the names section, and
 * where the first one is. field_offsets: parallel to the type list, for classes: byte offsets in the object.
 * canonical: for each type the first one that is equal. branches: the side table of branch tables: for each the
 * number of its targets without the default, then all of them; branch_tables: what the linker remembers of each.
 * hierarchy: tb_classes.h.
 * maps: the reference maps that the verifier made, function by function in order: words
 *     (offset behind the instruction, count, operand slots with 0 the deepest ...)*  0
 * function, offset: what is being checked, for a refusal; TB_NONE and -1 where it is nothing in particular.
 * lacking: the function in which the first instruction is that this runtime has no handler for, TB_NONE for none.
 * subject: what stands for $ in a refusal's message.
 * results: of each call of a method in the code, in order, how many it leaves; results_at: where those of a function
 * begin; result_count: how many there are. */
struct tb_module {
  u8 *low, *high;
  struct tb_image *image;
  struct tb_context *context;
  struct tb_area file, pool, code, data, section[TB_SECTIONS];
  u32 functions, types, globals, constants, memories, data_segments, tables, element_segments, imports;
  u32 imported[TB_EXPORT_KINDS];
  u32 aliased; /* globals, from the first one on, that code may have to find by another number: */
  const u32 *aliases;
  u32 flags, entry, start, min_stack, min_heap;
  u32 names, branch_table_count;
  const u8 *first_name;
  u32 *field_offsets, *canonical, *import_types;
  u8 *import_kinds;
  u32 *branches;
  u64 *branch_tables;
  struct tb_hierarchy *hierarchy;
  const u32 *maps;
  struct tb_area subject;
  u32 function, lacking;
  s64 offset, lacking_offset;
#if TB_METHOD_RESULTS
  u16 *results;
  u32 *results_at, result_count;
#endif
};

/* Says why the module is not run, and ends with *status*: the entry point's business. */
_Noreturn void tb_refuse(struct tb_module *module, u32 status, const char *message);

static inline TB_UNUSED void tb_require(struct tb_module *module, u32 condition, const char *message) {
  if (TB_UNLIKELY(!condition)) tb_refuse(module, TB_INVALID, message);
}

/* Memory, aligned to 8 and not cleared: for as long as the program runs, and until module->high is set back.
 * Refuses the module when there is none. */
void *tb_module_keep(struct tb_module *module, u64 bytes);
void *tb_module_lend(struct tb_module *module, u64 bytes);
/* One more byte, or word, behind what was kept last. */
void tb_module_put(struct tb_module *module, u32 byte);
void tb_module_put_word(struct tb_module *module, u32 word);
/* A number as tables have it, read by tb_rt_number. */
void tb_module_put_number(struct tb_module *module, u32 number);

static inline TB_UNUSED struct tb_function_row tb_module_function(const struct tb_module *module, u32 index) {
  struct tb_function_row row;
  __builtin_memcpy(&row, module->section[TB_SECTION_FUNCTIONS].at + (u64)index * sizeof row, sizeof row);
  return row;
}
static inline TB_UNUSED struct tb_type_row tb_module_type(const struct tb_module *module, u32 index) {
  struct tb_type_row row;
  __builtin_memcpy(&row, module->section[TB_SECTION_TYPES].at + (u64)index * sizeof row, sizeof row);
  return row;
}
/* The word *index* of a section that is a list of words. */
static inline TB_UNUSED u32 tb_module_word(const struct tb_module *module, u32 section, u32 index) {
  return tb_load_u32(module->section[section].at + (u64)index * 4);
}
/* The row of the type table that type code *code* names; one of kind 0 if there is none. */
struct tb_type_row tb_module_named(const struct tb_module *module, u32 code);

/* What the instruction set knows of type codes below 16 (generated): bytes that a value takes in a field,
 * 0 for no type, and these: */
enum { TB_BUILTIN_SIZE = 15, TB_BUILTIN_REFERENCE = 16, TB_BUILTIN_STORED = 32, TB_BUILTIN_WIDE = 64 };
extern const u8 tb_builtin[16];
static inline TB_UNUSED u32 tb_is_reference(u32 code) {
  return code >= 16 || (tb_builtin[code] & TB_BUILTIN_REFERENCE) != 0;
}
/* Whether objects can have an entry of the type table with a row of this kind as their type, or implement it. */
static inline TB_UNUSED u32 tb_is_reference_kind(u32 kind) {
  return kind == TB_KIND_CLASS || kind == TB_KIND_ARRAY || (TB_CLASSES && kind == TB_KIND_INTERFACE);
}
/* Bytes of a field or element. */
static inline TB_UNUSED u32 tb_stored_size(u32 code) { return code >= 16 ? 4 : tb_builtin[code] & TB_BUILTIN_SIZE; }

/* Reads a LEB128 number at *at, which moves behind it: 1 if it is whole before *end*, in its shortest form and
 * within 32 bits (signed and full: all of them; unsigned: below 2**31). */
enum { TB_LEB_UNSIGNED, TB_LEB_SIGNED, TB_LEB_FULL };
u32 tb_module_leb(const u8 **at, const u8 *end, u32 how, s32 *number);
/* Heap sort. */
void tb_sort(u64 *numbers, u64 count);
/* Ranges of code points that no terminal may see (generated: core/printable.py). */
extern const u32 tb_hidden[][2];
extern const u32 tb_hidden_count;
/* The number of bytes of the UTF-8 sequence at *at*, 0 for none; *shown: whether a terminal may see it. */
u32 tb_module_scalar(const u8 *at, const u8 *end, u32 *shown);
/* The name of a function, with no bytes where it has none. */
struct tb_area tb_module_name(const struct tb_module *module, u32 function);

/* The import at *at, which moves behind it, in a section that has been checked. */
struct tb_import_row tb_module_import(const u8 **at, const u8 *end);

/* In order: structure and meaning of everything but the code; the code (the verifier calls
 * tb_link_instruction as it goes); the tables that the runtime reads. */
void tb_module_check(struct tb_module *module);
void tb_module_layout(struct tb_module *module);
void tb_module_verify(struct tb_module *module);
void tb_module_tables(struct tb_context *cx, struct tb_module *module);

#endif
