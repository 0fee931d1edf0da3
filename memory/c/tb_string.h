/* Strings: UTF-16 units, a byte each in objects of type LATIN1 and two in those of type UTF16. A string is
 * UTF16 only where some unit needs it, so that equal strings have equal types and bytes. */
#ifndef TB_STRING_H
#define TB_STRING_H
#include "tb.h"

/* Units where they are: the collector may move them. wide: 1 where a unit has two bytes. */
struct tb_text {
  const u8 *at;
  u32 length;
  u32 wide;
};

/* The units of a string, or of an array of u16, which reads as UTF-16. */
static inline TB_UNUSED struct tb_text tb_string_text(struct tb_context *cx, tb_ref string) {
  u32 wide = TB_STRING_KINDS > 1 && tb_object_type(cx, string) != TB_TYPE_LATIN1;
  struct tb_text text = {tb_object(cx, string) + TB_HEADER, tb_object_length(cx, string), wide};
  return text;
}

static inline TB_UNUSED u32 tb_text_unit(const struct tb_text *text, u32 index) {
  return TB_STRING_KINDS > 1 && text->wide ? tb_load_u16(text->at + 2 * (u64)index) : text->at[index];
}

/* A string of zeros to be filled in at once; 0 when there is no memory. A safepoint. */
tb_ref tb_string_new(struct tb_context *cx, u64 length, u32 wide);

#endif
