/* Library `object.string.make`: strings from strings and units. Operands are given by their home slots: they
 * are read again there once the new object is allocated. */
#include "tb_heap.h"
#include "tb_string.h"

tb_ref tb_string_new(struct tb_context *cx, u64 length, u32 wide) {
  if (length > TB_HEAP_MAX) return 0;
  u64 size = (TB_HEADER + (length << wide) + 7) & ~(u64)7;
  return tb_heap_allocate(cx, size, wide ? TB_TYPE_UTF16 : TB_TYPE_LATIN1, (u32)length);
}

/* Writes the units from *begin* to before *end*, and gives what is behind them. */
static u8 *tb_string_put(u8 *out, u32 wide, const struct tb_text *text, u32 begin, u32 end) {
  for (; begin < end; begin++) {
    u32 unit = tb_text_unit(text, begin);
    if (TB_STRING_KINDS > 1 && wide)
      tb_store_u16(out, (u16)unit);
    else
      *out = (u8)unit;
    out += 1 + wide;
  }
  return out;
}

static struct tb_text tb_string_or_null(struct tb_context *cx, const cell *home) {
  static const struct tb_text null = {(const u8 *)"null", 4, 0};
  return *home ? tb_string_text(cx, (tb_ref)*home) : null;
}

u32 tb_string_concat(struct tb_context *cx, cell *a, cell *b, tb_ref *result) {
  struct tb_text one = tb_string_or_null(cx, a), other = tb_string_or_null(cx, b);
  u32 wide = one.wide | other.wide;
  *result = tb_string_new(cx, (u64)one.length + other.length, wide);
  if (!*result) return 1;
  one = tb_string_or_null(cx, a);
  other = tb_string_or_null(cx, b);
  u8 *out = tb_object(cx, *result) + TB_HEADER;
  out = tb_string_put(out, wide, &one, 0, one.length);
  tb_string_put(out, wide, &other, 0, other.length);
  return 0;
}

/* Of a string, or of an array of u16. */
u32 tb_string_slice(struct tb_context *cx, cell *from, u32 begin, u32 end, tb_ref *result) {
  struct tb_text text = tb_string_text(cx, (tb_ref)*from);
  u32 all = 0;
  if (text.wide)
    for (u32 i = begin; i < end; i++) all |= tb_text_unit(&text, i);
  u32 wide = all > 0xff;
  *result = tb_string_new(cx, end - begin, wide);
  if (!*result) return 1;
  text = tb_string_text(cx, (tb_ref)*from);
  tb_string_put(tb_object(cx, *result) + TB_HEADER, wide, &text, begin, end);
  return 0;
}

u32 tb_string_from_char(struct tb_context *cx, u32 unit, tb_ref *result) {
  *result = tb_string_new(cx, 1, unit > 0xff);
  if (!*result) return 1;
  /* The object has 8 bytes for its units, all zero. */
  tb_store_u16(tb_object(cx, *result) + TB_HEADER, (u16)unit);
  return 0;
}
