/* Library `object.string.read`: what looks at strings. None of these is a safepoint. */
#include "tb_string.h"

u32 tb_string_equals(struct tb_context *cx, tb_ref a, tb_ref b) {
  if (!b) return 0;
  struct tb_text one = tb_string_text(cx, a), other = tb_string_text(cx, b);
  if (one.length != other.length || one.wide != other.wide) return 0;
  return __builtin_memcmp(one.at, other.at, (u64)one.length << one.wide) == 0;
}

u32 tb_string_compare(struct tb_context *cx, tb_ref a, tb_ref b) {
  struct tb_text one = tb_string_text(cx, a), other = tb_string_text(cx, b);
  for (u32 i = 0; i < one.length && i < other.length; i++) {
    u32 difference = tb_text_unit(&one, i) - tb_text_unit(&other, i);
    if (difference) return difference;
  }
  return one.length - other.length;
}

u32 tb_string_hash(struct tb_context *cx, tb_ref a) {
  struct tb_text text = tb_string_text(cx, a);
  u32 hash = 0;
  for (u32 i = 0; i < text.length; i++) hash = 31 * hash + tb_text_unit(&text, i);
  return hash;
}

/* Where *wanted* is first, from *start* on, a signed number; all ones for nowhere. */
static u32 tb_string_find(const struct tb_text *text, const struct tb_text *wanted, u32 start) {
  u32 at = start >> 31 ? 0 : start, found = 0;
  if (at > text->length) at = text->length;
  for (; wanted->length <= text->length - at; at++) {
    for (found = 0; found < wanted->length; found++)
      if (tb_text_unit(text, at + found) != tb_text_unit(wanted, found)) break;
    if (found == wanted->length) return at;
  }
  return ~0u;
}

u32 tb_string_index_of(struct tb_context *cx, tb_ref a, tb_ref b, u32 start) {
  struct tb_text text = tb_string_text(cx, a), wanted = tb_string_text(cx, b);
  return tb_string_find(&text, &wanted, start);
}

u32 tb_string_index_of_char(struct tb_context *cx, tb_ref a, u32 scalar, u32 start) {
  struct tb_text text = tb_string_text(cx, a);
  u8 units[4];
  struct tb_text wanted = {units, 1, 0};
  if (scalar <= 0xff) {
    units[0] = (u8)scalar;
  } else {
    if (TB_STRING_KINDS < 2 || scalar > 0x10ffff) return ~0u;
    wanted.wide = 1;
    if (scalar > 0xffff) {
      tb_store_u16(units + 2, (u16)(0xdc00 | (scalar & 0x3ff)));
      scalar = 0xd800 | (scalar - 0x10000) >> 10;
      wanted.length = 2;
    }
    tb_store_u16(units, (u16)scalar);
  }
  return tb_string_find(&text, &wanted, start);
}

void tb_string_get_chars(struct tb_context *cx, tb_ref a, u32 begin, u32 end, tb_ref to, u32 at) {
  struct tb_text text = tb_string_text(cx, a);
  u8 *out = tb_object(cx, to) + TB_HEADER + 2 * (u64)at;
  for (; begin < end; begin++, out += 2) tb_store_u16(out, (u16)tb_text_unit(&text, begin));
}
