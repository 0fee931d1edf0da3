/* Numbers of types, and which are subtypes of which: core/hierarchy.py. */
#include "tb_classes.h"

/* Classes in preorder, so that the subclasses of one have the numbers behind its own. */
static void tb_number_classes(struct tb_module *module) {
  struct tb_hierarchy *all = module->hierarchy;
  u8 *high = module->high;
  u32 *next = tb_module_lend(module, (u64)module->types * 4); /* the number of the next subclass of each class */
  for (u32 i = module->types; i--;) {
    struct tb_kin *kin = &all->kin[i];
    u32 kind = tb_module_type(module, i).kind, above = tb_module_above(module, i);
    kin->count += kind == TB_KIND_CLASS || kind == TB_KIND_ARRAY;
    if (above != TB_NONE) all->kin[above].count += kin->count;
  }
  for (u32 i = 0; i < module->types; i++) {
    struct tb_kin *kin = &all->kin[i];
    u32 above = tb_module_above(module, i), *free = above == TB_NONE ? &all->numbers : &next[above];
    kin->first = kin->count ? *free : TB_NONE;
    *free += kin->count;
    next[i] = kin->first + 1;
  }
  module->high = high;
}

/* For each interface the classes that say that they implement it, in order of their numbers: those below one of them
 * are a range of numbers, and these ranges do not meet. */
static void tb_find_implementors(struct tb_module *module) {
  struct tb_hierarchy *all = module->hierarchy;
  u32 total = 0;
  for (u32 i = 0; i < module->types; i++)
    for (u32 at = all->kin[i].faces, left = all->kin[i].face_count; left; left--, total++)
      all->kin[tb_module_face(module, &at).interface - TB_TYPE_MODULE].implementor_count++;
  all->implementors = tb_module_keep(module, (u64)total * 4);
  total = 0;
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    struct tb_kin *kin = &all->kin[i];
    if (row.kind != TB_KIND_INTERFACE) continue;
    kin->number = all->interfaces++;
    kin->methods = all->methods;
    all->methods += row.a;
    kin->implementors = total;
    total += kin->implementor_count;
    kin->implementor_count = 0;
  }
  u8 *high = module->high;
  u32 *numbered = tb_module_lend(module, (u64)all->numbers * 4);
  for (u32 i = 0; i < module->types; i++)
    if (all->kin[i].count) numbered[all->kin[i].first] = i;
  for (u32 number = 0; number < all->numbers; number++) {
    const struct tb_kin *kin = &all->kin[numbered[number]];
    for (u32 at = kin->faces, left = kin->face_count; left; left--) {
      struct tb_kin *face = &all->kin[tb_module_face(module, &at).interface - TB_TYPE_MODULE];
      u32 *mine = all->implementors + face->implementors, count = face->implementor_count++;
      const struct tb_kin *before = count ? &all->kin[mine[count - 1]] : 0;
      tb_require(module, !before || number - before->first >= before->count, "a class implements an interface twice");
      mine[count] = numbered[number];
    }
  }
  module->high = high;
}

void tb_module_number(struct tb_module *module) {
  tb_number_classes(module);
  tb_find_implementors(module);
}

u32 tb_module_is_subtype(const struct tb_module *module, u32 given, u32 wanted) {
  const struct tb_hierarchy *all = module->hierarchy;
  const struct tb_kin *type = &all->kin[given - TB_TYPE_MODULE], *face = &all->kin[wanted - TB_TYPE_MODULE];
  if (type->first - face->first < face->count) return 1;
  /* The last class that implements the interface and is not behind the type. */
  const u32 *mine = all->implementors + face->implementors;
  u32 low = 0, high = face->implementor_count;
  while (low < high) {
    u32 middle = (low + high) / 2;
    if (all->kin[mine[middle]].first <= type->first)
      low = middle + 1;
    else
      high = middle;
  }
  return low && type->first - all->kin[mine[low - 1]].first < all->kin[mine[low - 1]].count;
}
