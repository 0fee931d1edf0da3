/* Table natives, of a module that was checked. */
#include "tb_module.h"
#include "tb_native.h"
#include "tb_rt.h"

/* Whether the bytes at *at*, behind their number, are these; *at* moves behind them. */
static u32 tb_native_is(const u8 **at, struct tb_area name) {
  u32 bytes = tb_rt_number(at), same = bytes == name.size;
  for (u32 i = 0; same && i < bytes; i++) same = (*at)[i] == name.at[i];
  *at += bytes;
  return same;
}

/* Whether the type codes at *at* are those of the type list from *first* on. */
static u32 tb_native_has(const struct tb_module *module, const u8 **at, u32 first, u32 count) {
  u32 codes = tb_rt_number(at), same = codes == count;
  for (u32 i = 0; i < codes; i++) {
    u32 code = tb_rt_number(at);
    same = same && code == tb_module_word(module, TB_SECTION_TYPE_LIST, first + i);
  }
  return same;
}

static u32 tb_native_find(const struct tb_module *module, struct tb_import_row row) {
  struct tb_type_row type = tb_module_type(module, row.type);
  const u8 *at = tb_native_rows;
  u32 number = 0;
  while (*at) {
    u32 in_it = tb_native_is(&at, row.module);
    for (u32 left = tb_rt_number(&at); left; left--) {
      number++;
      u32 named = tb_native_is(&at, row.name) & in_it;
      u32 takes = tb_native_has(module, &at, type.first, type.a);
      u32 gives = tb_native_has(module, &at, type.first + type.a, type.b);
      if (named) return takes & gives ? number : TB_NATIVE_OTHER;
    }
  }
  return 0;
}

void tb_natives_load(struct tb_context *cx, struct tb_module *module);
void tb_natives_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *numbers = tb_module_keep(module, 4 * (u64)module->imports);
  TB_SET_TABLE(natives, numbers);
  const struct tb_area *section = &module->section[TB_SECTION_IMPORTS];
  const u8 *at = section->at;
  for (u32 i = 0; i < module->imports; i++) {
    struct tb_import_row row = tb_module_import(&at, section->at + section->size);
    numbers[i] = row.kind == TB_EXPORT_FUNCTION ? tb_native_find(module, row) : 0;
  }
}
