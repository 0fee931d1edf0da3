/* What follows from the types of a module: where fields are, and which types are equal. */
#include "tb_classes.h"

/* Takes room for a field of 1 << *log* bytes from a hole, or from the end of the object, where what is skipped becomes
 * holes; its offset. There is never more than one hole of a size: a field goes to the end only when no hole holds it. */
static u32 tb_place_field(struct tb_kin *kin, u32 log) {
  for (u32 hole = log; TB_CLASSES && hole < 3; hole++) {
    u32 at = kin->holes[hole];
    if (!at) continue;
    kin->holes[hole] = 0;
    while (hole-- > log) kin->holes[hole] = at + (1u << hole); /* the halves that are left */
    return at;
  }
  for (u32 step = 0; TB_CLASSES && step < log; step++) {
    if (!(kin->end >> step & 1)) continue;
    kin->holes[step] = kin->end;
    kin->end += 1u << step;
  }
  u32 at = kin->end;
  kin->end += 1u << log;
  return at;
}

/* Byte offsets of the fields of each class, behind the superclass's or in holes between them: wider ones first,
 * otherwise in order. */
static void tb_layout_classes(struct tb_module *module) {
  module->field_offsets = tb_module_keep(module, module->section[TB_SECTION_TYPE_LIST].size);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    struct tb_kin alone, *kin = TB_CLASSES ? tb_module_kin(module, i) : &alone;
    u32 above = tb_module_above(module, i);
    kin->end = TB_HEADER;
    if (above != TB_NONE) {
      const struct tb_kin *parent = tb_module_kin(module, above);
      kin->end = parent->end;
      __builtin_memcpy(kin->holes, parent->holes, sizeof kin->holes);
    }
    for (u32 log = 4; row.kind == TB_KIND_CLASS && log--;) {
      for (u32 each = row.first; each < row.first + row.a; each++) {
        if (tb_stored_size(tb_module_word(module, TB_SECTION_TYPE_LIST, each)) != 1u << log) continue;
        module->field_offsets[each] = tb_place_field(kin, log);
      }
    }
  }
}

/* Below, at or above 0 as the first type is below, equal to or above the second in some order of all types. */
static s64 tb_compare_types(const struct tb_module *module, u32 first, u32 second) {
  struct tb_type_row a = tb_module_type(module, first), b = tb_module_type(module, second);
  if (a.kind != b.kind) return (s64)a.kind - b.kind;
  if (a.a != b.a) return (s64)a.a - b.a;
  if (a.b != b.b) return (s64)a.b - b.b;
  u32 count = a.kind == TB_KIND_ARRAY ? 0 : a.a + a.b;
  for (u32 i = 0; i < count; i++) {
    u32 code = tb_module_word(module, TB_SECTION_TYPE_LIST, a.first + i);
    u32 other = tb_module_word(module, TB_SECTION_TYPE_LIST, b.first + i);
    if (code != other) return (s64)code - other;
  }
  return 0;
}

/* For each type the first one that is equal. Types are merged in order; a comparison costs no more than the smaller
 * of the two, so that all of them cost the size of the types times the logarithm of their number. */
static void tb_equal_types(struct tb_module *module) {
  u32 count = module->types;
  u8 *high = module->high;
  module->canonical = tb_module_keep(module, (u64)count * 4);
  u32 *from = tb_module_lend(module, (u64)count * 4), *to = tb_module_lend(module, (u64)count * 4);
  for (u32 i = 0; i < count; i++) from[i] = i;
  for (u64 width = 1; width < count; width *= 2) {
    for (u64 start = 0; start < count; start += 2 * width) {
      u64 a = start, middle = start + width < count ? start + width : count;
      u64 b = middle, end = start + 2 * width < count ? start + 2 * width : count;
      for (u64 at = start; at < end; at++) {
        u32 left = b == end || (a < middle && tb_compare_types(module, from[a], from[b]) <= 0);
        to[at] = left ? from[a++] : from[b++];
      }
    }
    u32 *made = to;
    to = from;
    from = made;
  }
  for (u32 i = 0; i < count; i++) {
    u32 same = i && tb_compare_types(module, from[i - 1], from[i]) == 0;
    module->canonical[from[i]] = same ? module->canonical[from[i - 1]] : from[i];
  }
  module->high = high;
}

void tb_module_layout(struct tb_module *module) {
  tb_layout_classes(module);
  tb_equal_types(module);
}
