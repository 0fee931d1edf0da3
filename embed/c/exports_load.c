/* Tables exports and export_texts of a module that was loaded: embed/exports.py in C. */
#include "tb_embed.h"
#include "tb_module.h"

/* The letter of a type in a signature, and its word in table exports. */
static u32 tb_typed(const struct tb_module *module, u32 code, u32 *letter) {
  static const char letters[17] = TB_EMBED_LETTERS;
  u32 is_wide = code < 16 && (tb_builtin[code] & TB_BUILTIN_WIDE);
  u32 word = code | (u32)tb_is_reference(code) << 31 | (u32)(is_wide != 0) << 28;
  *letter = code < 16 ? (u8)letters[code] : 'o';
  struct tb_type_row row = tb_module_named(module, code);
  if (code == TB_TYPE_CELLS) return word | TB_I32 << 24;
  if (row.kind != TB_KIND_ARRAY) return word;
  *letter = '[';
  return row.a < 16 && !tb_is_reference(row.a) && row.a != TB_TYPE_FUNCTION ? word | row.a << 24 : word;
}

static void tb_put_signature(struct tb_module *module, struct tb_type_row type) {
  u32 letter;
  for (u32 i = 0; i < type.a + type.b; i++) {
    if (i == type.a) tb_module_put(module, '>');
    u32 code = tb_module_word(module, TB_SECTION_TYPE_LIST, type.first + i);
    tb_typed(module, code, &letter);
    tb_module_put(module, letter);
    u32 depth = 0;
    for (; letter == '['; tb_module_put(module, letter)) {
      code = tb_module_named(module, code).a;
      tb_typed(module, code, &letter);
      if (++depth == TB_EMBED_DEPTH) letter = 'o'; /* an array may name itself */
    }
  }
  if (!type.b) tb_module_put(module, '>');
  tb_module_put(module, 0);
}

/* A reader of what the module exports: its functions with a name, where it has no exports. from_names: which of both;
 * then names: how many there are. */
struct tb_exporting {
  const u8 *at, *end, *name;
  u32 from_names, number, names, size, kind, function;
};

static struct tb_exporting tb_exporting(const struct tb_module *module) {
  u32 from_names = !module->section[TB_SECTION_EXPORTS].size;
  const struct tb_area *section = &module->section[from_names ? TB_SECTION_NAMES : TB_SECTION_EXPORTS];
  const u8 *at = from_names ? module->first_name : section->at; /* null where nothing has a name */
  return (struct tb_exporting){at, section->at + section->size, 0, from_names, 0, module->names, 0, 0, 0};
}

static u32 tb_exporting_number(struct tb_exporting *reader) {
  s32 number = 0;
  tb_module_leb(&reader->at, reader->end, 0, &number); /* the section has been checked */
  return (u32)number;
}

/* The next export; 0 behind the last one. */
static u32 tb_exporting_any(struct tb_exporting *reader) {
  u32 from_names = reader->from_names;
  while (from_names ? reader->number < reader->names : reader->at < reader->end) {
    reader->size = tb_exporting_number(reader);
    reader->name = reader->at;
    reader->at += reader->size;
    reader->function = reader->number++;
    if (from_names && !reader->size) continue;
    if (!from_names) {
      reader->kind = tb_exporting_number(reader);
      reader->function = tb_exporting_number(reader);
    }
    return 1;
  }
  return 0;
}

/* The next function. */
static u32 tb_exporting_next(struct tb_exporting *reader) {
  while (tb_exporting_any(reader))
    if (reader->kind == TB_EXPORT_FUNCTION) return 1;
  return 0;
}

/* The end of a row: signature, types. */
static u32 *tb_put_types(struct tb_module *module, struct tb_export *row, struct tb_type_row type, const u8 *texts, const u32 *table, u32 *typed) {
  u32 letter;
  row->signature = (u32)(module->low - texts);
  tb_put_signature(module, type);
  row->types = (u32)(typed - table);
  row->counts = type.a | type.b << 16;
  for (u32 each = 0; each < type.a + type.b; each++)
    *typed++ = tb_typed(module, tb_module_word(module, TB_SECTION_TYPE_LIST, type.first + each), &letter);
  return typed;
}

/* An entry of the type table: a function type, for which a row of it is; nothing for others. */
static struct tb_type_row tb_type_of_rows(const struct tb_module *module, u32 index) {
  struct tb_type_row none = {0, 0, 0, 0}, type = tb_module_type(module, index);
  return type.kind == TB_KIND_FUNCTION && module->canonical[index] == index ? type : none;
}

/* An import that is no function has none. */
static struct tb_type_row tb_imported_type(const struct tb_module *module, u32 import) {
  struct tb_type_row none = {0, 0, 0, 0};
  return module->import_kinds[import] ? none : tb_module_type(module, module->import_types[import]);
}

void tb_exports_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 count = 0;
  u64 words = 0;
  for (struct tb_exporting reader = tb_exporting(module); tb_exporting_next(&reader); count++) {
    struct tb_type_row type = tb_module_type(module, tb_module_function(module, reader.function).type);
    words += type.a + type.b;
  }
  for (u32 i = 0; i < module->imports; i++) {
    struct tb_type_row type = tb_imported_type(module, i);
    words += type.a + type.b;
  }
  u32 types = TB_LINKS ? module->types : 0, others = 0;
  for (u32 i = 0; i < types; i++) {
    struct tb_type_row type = tb_type_of_rows(module, i);
    words += type.a + type.b;
  }
  for (struct tb_exporting reader = tb_exporting(module); tb_exporting_any(&reader);) others += reader.kind != TB_EXPORT_FUNCTION;
  u64 rows = (u64)count + module->imports + types + others;
  u32 *table = tb_module_keep(module, 4 * (4 + 5 * rows + words));
  struct tb_export *row = (struct tb_export *)(void *)(table + 4);
  u32 *typed = table + 4 + 5 * rows;
  table[0] = count;
  table[1] = module->imports;
  table[2] = types;
  table[3] = others;
  TB_SET_TABLE(exports, table);
  u8 *texts = module->low;
  TB_SET_TABLE(export_texts, texts);
  for (struct tb_exporting reader = tb_exporting(module); tb_exporting_next(&reader); row++) {
    row->function = reader.function;
    row->name = (u32)(module->low - texts);
    for (u32 i = 0; i < reader.size; i++) {
      if (!reader.name[i]) tb_module_put(module, 0xC0); /* with 80, what tblvm.h calls a zero */
      tb_module_put(module, reader.name[i] ? reader.name[i] : 0x80);
    }
    tb_module_put(module, 0);
    struct tb_type_row type = tb_module_type(module, tb_module_function(module, reader.function).type);
    typed = tb_put_types(module, row, type, texts, table, typed);
  }
  for (u32 i = 0; i < module->imports; i++, row++) {
    row->function = module->import_kinds[i];
    row->name = module->import_types[i];
    typed = tb_put_types(module, row, tb_imported_type(module, i), texts, table, typed);
  }
  for (u32 i = 0; i < types; i++, row++) {
    row->function = row->name = 0;
    typed = tb_put_types(module, row, tb_type_of_rows(module, i), texts, table, typed);
  }
  for (struct tb_exporting reader = tb_exporting(module); tb_exporting_any(&reader);) {
    if (reader.kind == TB_EXPORT_FUNCTION) continue;
    *row = (struct tb_export){reader.function, (u32)(module->low - texts), reader.kind, 0, 0};
    for (u32 i = 0; i < reader.size; i++) tb_module_put(module, reader.name[i]);
    tb_module_put(module, 0);
    row++->types = (u32)(module->low - texts);
  }
}
