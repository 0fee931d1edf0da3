/* Classes and interfaces of a file taken apart: what they have, and others. */
#include "tb_fuzz.h"

enum { TB_NO_ROW = 0xffffffffu, TB_CLASS_ROW = 4 };

static u32 tb_type_word(struct tb_parts *parts, u32 type, u32 word) {
  return tb_word_of(tb_part(parts, TB_SECTION_TYPES), 4 * type + word);
}

/* The word behind a row of section classes, or TB_NO_ROW where it is not whole. */
static u32 tb_behind_class(struct tb_parts *parts, u32 at) {
  const struct tb_body *classes = tb_part(parts, TB_SECTION_CLASSES);
  u32 words = classes->size / 4;
  if (words < TB_CLASS_ROW || at > words - TB_CLASS_ROW) return TB_NO_ROW;
  u32 virtuals = tb_word_of(classes, at + 2), faces = tb_word_of(classes, at + 3);
  at += TB_CLASS_ROW;
  if (virtuals > words - at) return TB_NO_ROW;
  for (at += virtuals; faces; faces--) {
    if (words - at < 2 || tb_word_of(classes, at + 1) > words - at - 2) return TB_NO_ROW;
    at += 2 + tb_word_of(classes, at + 1);
  }
  return at;
}

/* The word of section classes where the row of class *type* begins, TB_NO_ROW for none. */
static u32 tb_class_row(struct tb_parts *parts, u32 type) {
  for (u32 at = 0; tb_behind_class(parts, at) != TB_NO_ROW; at = tb_behind_class(parts, at))
    if (tb_word_of(tb_part(parts, TB_SECTION_CLASSES), at) == type) return at;
  return TB_NO_ROW;
}

/* The index of the function type of a method; any number where there is none. */
static u32 tb_type_of_method(struct tb_parts *parts, u32 owner, u32 method) {
  u32 type = owner - 16;
  method &= 0xffff;
  if (tb_type_word(parts, type & 0xffff, 0) == TB_KIND_INTERFACE)
    return tb_word_of(tb_part(parts, TB_SECTION_TYPE_LIST), (tb_type_word(parts, type & 0xffff, 3) & 0xffff) + method);
  u32 row = tb_class_row(parts, type);
  if (row == TB_NO_ROW) return 0;
  u32 function = tb_word_of(tb_part(parts, TB_SECTION_CLASSES), row + TB_CLASS_ROW + method);
  return tb_word_of(tb_part(parts, TB_SECTION_FUNCTIONS), 6 * (function & 0xffff) + 2);
}

static void tb_put_type(struct tb_parts *parts, u32 kind, u32 a, u32 b) {
  struct tb_body *types = tb_part(parts, TB_SECTION_TYPES);
  tb_put_u32(types, kind);
  tb_put_u32(types, a);
  tb_put_u32(types, b);
  tb_put_u32(types, tb_part(parts, TB_SECTION_TYPE_LIST)->size / 4);
}

/* An interface whose methods are like functions that there are, or nearly. */
static void tb_add_interface(struct tb_parts *parts) {
  struct tb_body *list = tb_part(parts, TB_SECTION_TYPE_LIST), *rows = tb_part(parts, TB_SECTION_FUNCTIONS);
  u32 methods = tb_chance(4), made[4], functions = rows->size / 24;
  u32 index = tb_part(parts, TB_SECTION_TYPES)->size / 16;
  if (!functions) return;
  for (u32 i = 0; i < methods; i++, index++) {
    u32 like = tb_word_of(rows, 6 * tb_chance(functions) + 2) & 0xffff;
    u32 count = tb_type_word(parts, like, 1), results = tb_type_word(parts, like, 2), first = tb_type_word(parts, like, 3);
    if (count > 200 || results > 200) return;
    if (!count) count = 1;
    tb_put_type(parts, TB_KIND_FUNCTION, count, results);
    tb_put_u32(list, 16 + index + methods - i);
    for (u32 each = 1; each < count + results; each++) tb_put_u32(list, tb_word_of(list, (first & 0xffff) + each));
    made[i] = index;
  }
  tb_put_type(parts, TB_KIND_INTERFACE, methods, 0);
  for (u32 i = 0; i < methods; i++) tb_put_u32(list, tb_chance(20) ? made[i] : tb_chance(index));
}

/* A class behind all others, which extends one and implements interfaces. */
static void tb_add_class(struct tb_parts *parts) {
  struct tb_body *classes = tb_part(parts, TB_SECTION_CLASSES), *list = tb_part(parts, TB_SECTION_TYPE_LIST);
  u32 index = tb_part(parts, TB_SECTION_TYPES)->size / 16, functions = tb_part(parts, TB_SECTION_FUNCTIONS)->size / 24;
  u32 above = 0, row = TB_NO_ROW, start = classes->size / 4, fields = tb_chance(4), more = tb_chance(3);
  for (u32 tries = 0; index && tb_chance(5) && tries < 20 && !above; tries++) {
    u32 type = tb_chance(index);
    if (tb_type_word(parts, type, 0) == TB_KIND_CLASS) above = 16 + type, row = tb_class_row(parts, type);
  }
  tb_put_type(parts, TB_KIND_CLASS, fields, 0);
  for (; fields; fields--) tb_put_u32(list, 1 + tb_chance(7));
  u32 inherited = row == TB_NO_ROW ? 0 : tb_word_of(classes, row + 2), words[4] = {index, above, inherited + more, 0};
  if (!(above | words[2])) return;
  for (u32 i = 0; i < TB_CLASS_ROW; i++) tb_put_u32(classes, words[i]);
  for (u32 i = 0; i < inherited + more && i < 1000; i++)
    tb_put_u32(classes, i < inherited && tb_chance(5) ? tb_word_of(classes, row + TB_CLASS_ROW + i) : tb_chance(functions));
  for (u32 tries = tb_chance(8), faces = 0; tries; tries--) {
    u32 face = tb_chance(index);
    if (tb_type_word(parts, face, 0) != TB_KIND_INTERFACE) continue;
    u32 methods = tb_type_word(parts, face, 1) & 0xff;
    tb_put_u32(classes, 16 + face);
    tb_put_u32(classes, methods);
    for (; methods; methods--) tb_put_u32(classes, tb_chance(inherited + more));
    tb_set_word(classes, start + 3, ++faces);
  }
}

/* One more class or interface, or another word of section classes. */
static void tb_mutate_classes(struct tb_parts *parts) {
  struct tb_body *classes = tb_part(parts, TB_SECTION_CLASSES);
  u32 words = classes->size / 4, functions = tb_part(parts, TB_SECTION_FUNCTIONS)->size / 24;
  switch (tb_chance(4)) {
    case 0:
      return tb_add_interface(parts);
    case 1:
      if (words) return tb_set_word(classes, tb_chance(words), tb_chance(2) ? tb_chance(functions) : 16 + tb_chance(30));
      __attribute__((fallthrough));
    default:
      tb_add_class(parts);
  }
}
