/* The tables of walk.c for a module that was loaded: gc/tables.py in C. */
#include "tb_classes.h"
#include "tb_frame.h"

/* How many of the listed types are references. */
static u32 tb_count_references(const struct tb_module *module, u32 section, u32 first, u32 count) {
  u32 found = 0;
  for (u32 i = 0; i < count; i++) found += tb_is_reference(tb_module_word(module, section, first + i));
  return found;
}

static void tb_load_objects(struct tb_module *module) {
  u32 *kinds = tb_module_keep(module, (u64)module->types * 4), *offsets = tb_module_keep(module, 0);
  TB_SET_TABLE(gc_types, kinds);
  TB_SET_TABLE(gc_offsets, offsets);
  tb_module_put_word(module, 0); /* 0 and 1 have other meanings */
  tb_module_put_word(module, 0);
  for (u32 i = 0, used = 2; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    kinds[i] = row.kind == TB_KIND_ARRAY && tb_is_reference(row.a);
    if (row.kind != TB_KIND_CLASS) continue;
    /* What is inherited first; who adds nothing to that has it where the superclass has it. */
    u32 above = tb_module_above(module, i), inherited = above == TB_NONE ? 0 : kinds[above];
    u32 own = tb_count_references(module, TB_SECTION_TYPE_LIST, row.first, row.a), known = inherited ? offsets[inherited] : 0;
    kinds[i] = inherited;
    if (!own) continue;
    kinds[i] = used;
    used += 1 + known + own;
    tb_module_put_word(module, known + own);
    for (u32 each = 1; each <= known; each++) tb_module_put_word(module, offsets[inherited + each]);
    for (u32 field = row.first; field < row.first + row.a; field++)
      if (tb_is_reference(tb_module_word(module, TB_SECTION_TYPE_LIST, field)))
        tb_module_put_word(module, module->field_offsets[field]);
  }
}

/* Puts the slots of those of the listed types that are references; *first_slot* is the first one's. */
static void tb_put_references(struct tb_module *module, u32 section, u32 first, u32 count, u32 first_slot) {
  for (u32 i = 0; i < count; i++)
    if (tb_is_reference(tb_module_word(module, section, first + i))) tb_module_put_number(module, first_slot + i);
}

void tb_walk_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  tb_load_objects(module);
  u32 *starts = tb_module_keep(module, (u64)module->functions * 4);
  TB_SET_TABLE(gc_maps_at, starts);
  u8 *maps = module->low;
  TB_SET_TABLE(gc_maps, maps);
  const u32 *map = module->maps;
  for (u32 i = 0; i < module->functions; i++) {
    struct tb_function_row row = tb_module_function(module, i);
    struct tb_type_row type = tb_module_type(module, row.type);
    u32 last = 0, operands = type.a + TB_LINK + row.locals;
    starts[i] = (u32)(module->low - maps);
    tb_module_put_number(module, tb_count_references(module, TB_SECTION_TYPE_LIST, type.first, type.a) +
                                     tb_count_references(module, TB_SECTION_LOCALS, row.first, row.locals));
    tb_put_references(module, TB_SECTION_TYPE_LIST, type.first, type.a, 0);
    tb_put_references(module, TB_SECTION_LOCALS, row.first, row.locals, type.a + TB_LINK);
    for (u32 after; (after = *map++) != 0; last = after) {
      tb_module_put_number(module, after - last);
      u32 count = *map++;
      tb_module_put_number(module, count);
      for (; count; count--) tb_module_put_number(module, operands + *map++);
    }
    tb_module_put(module, 0);
  }
}
