/* What classes inherit: core/hierarchy.py in C. Runtimes with opcodes for it have it (TB_CLASSES is 1); others refuse
 * modules with section classes or with interfaces before anything asks. */
#ifndef TB_CLASSES_H
#define TB_CLASSES_H
#include "tb_module.h"

/* An entry of the type table, besides its row.
 * first, count: its number, and how many it and its subclasses have; TB_NONE and 0 for what has no objects.
 * Of a class: superclass: its type code, 0 for none; virtuals, faces: the words of section classes where its virtual
 *     methods and its interfaces begin; heir: the nearest superclass with interfaces of its own, as an index, TB_NONE for
 *     none; depth, fields, members: superclasses, fields, interface methods and interfaces, all with what is inherited;
 *     end: of its fields in the object, which has holes at holes[n] for fields of 1 << n bytes, 0 for none.
 * Of an interface: number: which interface it is; methods: how many the interfaces before it have; implementors: where
 *     in tb_hierarchy the classes begin that say that they implement it. */
struct tb_kin {
  u32 first, count;
  u32 superclass, virtuals, virtual_count, faces, face_count, heir;
  u32 depth, fields, members;
  u32 end, holes[3];
  u32 number, methods, implementors, implementor_count;
};

/* numbers: how many classes and arrays have; interfaces, methods: how many interfaces there are, and their methods.
 * implementors: of each interface in ascending order of their numbers. */
struct tb_hierarchy {
  u32 numbers, interfaces, methods;
  u32 *implementors;
  struct tb_kin kin[];
};

/* That a class implements an interface: its type code, and where its slots are among the words of section classes. */
struct tb_face {
  u32 interface, count, slots;
};

static inline TB_UNUSED struct tb_kin *tb_module_kin(const struct tb_module *module, u32 type) {
  return &module->hierarchy->kin[type];
}
/* The entry above class *type*: TB_NONE for none, and in runtimes without inheritance. */
static inline TB_UNUSED u32 tb_module_above(const struct tb_module *module, u32 type) {
  return TB_CLASSES && tb_module_kin(module, type)->superclass ? tb_module_kin(module, type)->superclass - TB_TYPE_MODULE : TB_NONE;
}
/* The function of a virtual method. */
static inline TB_UNUSED u32 tb_module_virtual(const struct tb_module *module, u32 type, u32 slot) {
  return tb_module_word(module, TB_SECTION_CLASSES, tb_module_kin(module, type)->virtuals + slot);
}
/* The interface at word *at* of section classes; *at moves behind it. */
static inline TB_UNUSED struct tb_face tb_module_face(const struct tb_module *module, u32 *at) {
  u32 count = tb_module_word(module, TB_SECTION_CLASSES, *at + 1);
  struct tb_face face = {tb_module_word(module, TB_SECTION_CLASSES, *at), count, *at + 2};
  *at += 2 + count;
  return face;
}

/* Gives numbers to all types, and finds what implements each interface; refuses a module in which a class implements
 * an interface twice. */
void tb_module_number(struct tb_module *module);
/* Whether an object of the class or array *given* is one of the class or interface *wanted*, both type codes of the
 * module and not the same. */
u32 tb_module_is_subtype(const struct tb_module *module, u32 given, u32 wanted);

/* Whether a value of type code *given* may stand where *wanted* is declared. */
static inline TB_UNUSED u32 tb_assignable(const struct tb_module *module, u32 given, u32 wanted) {
  if (given == wanted) return 1;
  if (!TB_CLASSES || wanted < TB_TYPE_MODULE) return wanted == TB_ANY && tb_is_reference(given);
  return given >= TB_TYPE_MODULE && tb_module_is_subtype(module, given, wanted);
}

/* A matrix with few entries as one array: `displaced` in memory/tables.py. table: grows behind what was kept last, so
 * nothing else is kept meanwhile; rows: for each row where it begins. */
struct tb_displaced {
  u32 *table, length, room, taken, last;
};
struct tb_entry_at {
  u32 column, value;
};
void tb_displace_begin(struct tb_module *module, struct tb_displaced *matrix);
/* Puts a row of *count* entries in any order; where its column 0 is. */
u32 tb_displace(struct tb_module *module, struct tb_displaced *matrix, const struct tb_entry_at *row, u32 count);
/* Every row has *columns*. */
void tb_displace_end(struct tb_module *module, struct tb_displaced *matrix, u32 columns);

#endif
