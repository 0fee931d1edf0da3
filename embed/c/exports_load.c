/* Tables exports and export_texts of a module that was loaded: embed/exports.py in C. */
#include "tb_embed.h"
#include "tb_module.h"

/* The letter of a type in a signature, and its word in table exports. */
static u32 tb_typed(const struct tb_module *module, u32 code, u32 *letter) {
  static const char letters[17] = TB_EMBED_LETTERS;
  u32 word = code | (u32)tb_is_reference(code) << 31;
  *letter = code < 16 ? (u8)letters[code] : 'o';
  struct tb_type_row row = tb_module_named(module, code);
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

static void tb_put_export_name(struct tb_module *module, const u8 *at, u32 bytes) {
  for (u32 i = 0; i < bytes; i++) tb_module_put(module, at[i]);
  tb_module_put(module, 0);
}

void tb_exports_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 count = 0, words = 0;
  const struct tb_area *names = &module->section[TB_SECTION_NAMES];
  const u8 *at = module->first_name;
  s32 size = 0;
  for (u32 i = 0; i < module->names; i++, at += size) {
    tb_module_leb(&at, names->at + names->size, 0, &size);
    if (!size) continue;
    struct tb_type_row type = tb_module_type(module, tb_module_function(module, i).type);
    count++;
    words += type.a + type.b;
  }
  u32 *table = tb_module_keep(module, 4 * (1 + (u64)count * 5 + words));
  struct tb_export *row = (struct tb_export *)(void *)(table + 1);
  u32 *typed = table + 1 + 5 * (u64)count;
  table[0] = count;
  TB_SET_TABLE(exports, table);
  u8 *texts = module->low;
  TB_SET_TABLE(export_texts, texts);
  at = module->first_name;
  for (u32 i = 0; i < module->names; i++, at += size) {
    tb_module_leb(&at, names->at + names->size, 0, &size);
    if (!size) continue;
    struct tb_type_row type = tb_module_type(module, tb_module_function(module, i).type);
    row->function = i;
    row->name = (u32)(module->low - texts);
    tb_put_export_name(module, at, (u32)size);
    row->signature = (u32)(module->low - texts);
    tb_put_signature(module, type);
    row->types = (u32)(typed - table);
    row->counts = type.a | type.b << 16;
    for (u32 each = 0; each < type.a + type.b; each++) {
      u32 letter;
      *typed++ = tb_typed(module, tb_module_word(module, TB_SECTION_TYPE_LIST, type.first + each), &letter);
    }
    row++;
  }
}
