/* Section classes, and interfaces: that they are whole, and that every method has a function that can stand for it. */
#include "tb_check.h"
#include "tb_classes.h"

enum { TB_MAX_TYPES = 0xffff00, TB_MAX_FIELDS = 0xffff, TB_MAX_VIRTUALS = 0xffff, TB_MAX_DEPTH = 255,
       TB_MAX_MEMBERS = 1 << 22, TB_MAX_METHOD_PARAMETERS = 127, TB_MAX_INTERFACE_METHODS = 1 << 14 };

/* --- structure ------------------------------------------------------------------------------------------- */

static void tb_check_class_rows(struct tb_module *module) {
  struct tb_hierarchy *hierarchy = tb_module_keep(module, sizeof *hierarchy + (u64)module->types * sizeof(struct tb_kin));
  __builtin_memset(hierarchy, 0, sizeof *hierarchy + (u64)module->types * sizeof(struct tb_kin));
  module->hierarchy = hierarchy;
  u32 words = tb_rows(module, &module->section[TB_SECTION_CLASSES], 4), next = 0;
  for (u32 at = 0; at < words;) {
    static const char ends[] = "section classes ends inside a row";
    tb_require(module, words - at >= 4, ends);
    u32 index = tb_module_word(module, TB_SECTION_CLASSES, at);
    tb_require(module, index >= next && index < module->types, "section classes has a type out of order");
    tb_require(module, tb_module_type(module, index).kind == TB_KIND_CLASS, "section classes has a type that is no class");
    next = index + 1;
    struct tb_kin *kin = &hierarchy->kin[index];
    kin->superclass = tb_module_word(module, TB_SECTION_CLASSES, at + 1);
    kin->virtual_count = tb_module_word(module, TB_SECTION_CLASSES, at + 2);
    kin->face_count = tb_module_word(module, TB_SECTION_CLASSES, at + 3);
    tb_require(module, kin->superclass | kin->virtual_count | kin->face_count, "section classes says nothing of a class");
    at += 4;
    tb_require(module, kin->virtual_count <= words - at, ends);
    kin->virtuals = at;
    kin->faces = at += kin->virtual_count;
    for (u32 left = kin->face_count; left; left--) {
      tb_require(module, words - at >= 2 && tb_module_word(module, TB_SECTION_CLASSES, at + 1) <= words - at - 2, ends);
      kin->members += 1 + tb_module_face(module, &at).count;
    }
  }
}

/* --- meaning --------------------------------------------------------------------------------------------- */

static void tb_check_interfaces(struct tb_module *module) {
  u64 methods = 0;
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    if (row.kind != TB_KIND_INTERFACE) continue;
    methods += row.a;
    tb_require(module, methods <= TB_MAX_INTERFACE_METHODS, "its interfaces have more than 16384 methods");
    for (u32 method = row.first; method < row.first + row.a; method++) {
      u32 index = tb_module_word(module, TB_SECTION_TYPE_LIST, method);
      struct tb_type_row type = {0, 0, 0, 0};
      if (index < module->types) type = tb_module_type(module, index);
      tb_require(module, type.kind == TB_KIND_FUNCTION, "a method of an interface has a type that is no function type");
      tb_require(module, type.a - 1 < TB_MAX_METHOD_PARAMETERS && tb_module_word(module, TB_SECTION_TYPE_LIST, type.first) == TB_TYPE_MODULE + i,
                 "a method of an interface must take the interface first, and at most 127 parameters");
    }
  }
}

/* A class inherits from an earlier one, and what all classes have together is limited. */
static void tb_check_superclasses(struct tb_module *module) {
  u64 total = 0;
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    if (row.kind != TB_KIND_CLASS) continue;
    u64 fields = row.a, others = 0;
    if (TB_CLASSES) {
      struct tb_kin *kin = tb_module_kin(module, i);
      u32 slots = 0;
      kin->heir = TB_NONE;
      if (kin->superclass) {
        u32 above = tb_module_above(module, i);
        tb_require(module, above < i && tb_module_type(module, above).kind == TB_KIND_CLASS,
                   "the superclass of a class is no earlier class");
        const struct tb_kin *parent = tb_module_kin(module, above);
        kin->heir = parent->face_count ? above : parent->heir;
        kin->depth = parent->depth + 1;
        fields += parent->fields;
        kin->members += parent->members;
        slots = parent->virtual_count;
        tb_require(module, kin->depth <= TB_MAX_DEPTH, "a class has more than 255 superclasses");
      }
      tb_require(module, slots <= kin->virtual_count, "a class has fewer virtual methods than its superclass");
      tb_require(module, kin->virtual_count <= TB_MAX_VIRTUALS, "a class has more than 65535 virtual methods");
      kin->fields = (u32)fields;
      others = (u64)kin->virtual_count + kin->members;
    }
    tb_require(module, fields <= TB_MAX_FIELDS, "a class has more than 65535 fields");
    total += fields + others;
    tb_require(module, total <= TB_MAX_MEMBERS, "its classes have too many members");
  }
}

static void tb_check_types(struct tb_module *module, u32 *wide) {
  tb_require(module, module->types <= TB_MAX_TYPES, "it has too many types");
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    if (row.kind == TB_KIND_ARRAY) {
      tb_check_code(module, row.a, 1);
      *wide |= tb_is_wide(row.a);
      continue;
    }
    if (TB_CLASSES && row.kind == TB_KIND_INTERFACE) continue; /* its methods' types are entries of their own */
    tb_check_words(module, TB_SECTION_TYPE_LIST, row.first, row.a + row.b, row.kind == TB_KIND_CLASS, wide);
  }
  if (TB_CLASSES) tb_check_interfaces(module);
  tb_check_superclasses(module);
}

/* The first type that was found to have the same parameters behind the receiver, and the same results, as *type*. */
static u32 tb_same(u32 *same, u32 type) {
  while (same[type] != type) type = same[type] = same[same[type]];
  return type;
}

static u32 tb_equal_words(const struct tb_module *module, u32 first, u32 second, u32 count) {
  const u8 *list = module->section[TB_SECTION_TYPE_LIST].at;
  return !__builtin_memcmp(list + (u64)first * 4, list + (u64)second * 4, (u64)count * 4);
}

/* Whether a function of type *given* can stand for a method of type *wanted*; a single result can be a subtype. Long
 * lists are compared once: types of which that was found to be true count as one (Tarjan, "Efficiency of a good but not
 * linear set union algorithm", 1975), and where it is not, that is the end. */
static u32 tb_fills(const struct tb_module *module, u32 *same, u32 given, u32 wanted) {
  given = tb_same(same, given);
  wanted = tb_same(same, wanted);
  if (given == wanted) return 1;
  struct tb_type_row a = tb_module_type(module, given), b = tb_module_type(module, wanted);
  if (a.a != b.a || a.b != b.b || !tb_equal_words(module, a.first + 1, b.first + 1, a.a - 1)) return 0;
  if (tb_equal_words(module, a.first + a.a, b.first + b.a, a.b)) {
    same[given] = wanted;
    return 1;
  }
  return a.b == 1 && tb_assignable(module, tb_module_word(module, TB_SECTION_TYPE_LIST, a.first + a.a),
                                   tb_module_word(module, TB_SECTION_TYPE_LIST, b.first + b.a));
}

/* That a class implements interfaces, each with as many methods as it has. */
static void tb_check_faces(struct tb_module *module, u32 type) {
  const struct tb_kin *kin = tb_module_kin(module, type);
  u32 at = kin->faces;
  for (u32 left = kin->face_count; left; left--) {
    struct tb_face face = tb_module_face(module, &at);
    struct tb_type_row row = tb_module_named(module, face.interface);
    tb_require(module, row.kind == TB_KIND_INTERFACE, "a class implements what is no interface");
    tb_require(module, face.count == row.a, "a class implements an interface with another number of methods");
  }
}

static void tb_check_virtuals(struct tb_module *module, u32 *same, u32 type) {
  const struct tb_kin *kin = tb_module_kin(module, type);
  u32 above = tb_module_above(module, type), inherited = above == TB_NONE ? 0 : tb_module_kin(module, above)->virtual_count;
  for (u32 slot = 0; slot < kin->virtual_count; slot++) {
    u32 function = tb_module_virtual(module, type, slot);
    u32 overrides = slot < inherited, before = overrides ? tb_module_virtual(module, above, slot) : 0;
    if (overrides && function == before) continue; /* what takes an object of the superclass takes one of this class */
    tb_require(module, function < module->functions, "a virtual method has no function");
    u32 given = tb_module_function(module, function).type;
    struct tb_type_row row = tb_module_type(module, given);
    tb_require(module, row.a - 1 < TB_MAX_METHOD_PARAMETERS, "a virtual method must take 1 to 127 parameters, the object first");
    tb_require(module, tb_assignable(module, TB_TYPE_MODULE + type, tb_module_word(module, TB_SECTION_TYPE_LIST, row.first)),
               "a virtual method does not take its class as its object");
    tb_require(module, !overrides || tb_fills(module, same, given, tb_module_function(module, before).type),
               "a virtual method has other parameters or results than what it overrides");
  }
}

static void tb_check_slots(struct tb_module *module, u32 *same, u32 type) {
  const struct tb_kin *kin = tb_module_kin(module, type);
  u32 at = kin->faces;
  for (u32 left = kin->face_count; left; left--) {
    struct tb_face face = tb_module_face(module, &at);
    u32 first = tb_module_named(module, face.interface).first;
    for (u32 i = 0; i < face.count; i++) {
      u32 slot = tb_module_word(module, TB_SECTION_CLASSES, face.slots + i);
      tb_require(module, slot < kin->virtual_count, "a class implements an interface by a method that it has not");
      u32 given = tb_module_function(module, tb_module_virtual(module, type, slot)).type;
      tb_require(module, tb_fills(module, same, given, tb_module_word(module, TB_SECTION_TYPE_LIST, first + i)),
                 "a class implements an interface by a method with other parameters or results");
    }
  }
}

/* Every virtual method and every method of an interface has a function that can stand for it. */
static void tb_check_classes(struct tb_module *module) {
  u8 *high = module->high;
  for (u32 i = 0; i < module->types; i++) tb_check_faces(module, i);
  tb_module_number(module);
  u32 *same = tb_module_lend(module, (u64)module->types * 4);
  for (u32 i = 0; i < module->types; i++) same[i] = i;
  for (u32 i = 0; i < module->types; i++) {
    tb_check_virtuals(module, same, i);
    tb_check_slots(module, same, i);
  }
  module->high = high;
}
