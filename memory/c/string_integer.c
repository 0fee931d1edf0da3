/* Library `object.string.integer`: Integer.parseInt and Long.parseLong, for the digits of ASCII. */
#include "tb_string.h"

/* 0, or 1 where the text is no signed number of so many bits. */
u32 tb_string_to_integer(struct tb_context *cx, tb_ref a, u32 bits, u64 *result) {
  struct tb_text text = tb_string_text(cx, a);
  u32 at = 0, sign = text.length ? tb_text_unit(&text, 0) : 0;
  u64 value = 0, most = ((u64)1 << (bits - 1)) - 1 + (sign == '-');
  if (sign == '-' || sign == '+') at = 1;
  if (at == text.length) return 1;
  for (; at < text.length; at++) {
    u32 digit = tb_text_unit(&text, at) - '0';
    if (digit > 9 || value > (most - digit) / 10) return 1;
    value = 10 * value + digit;
  }
  *result = sign == '-' ? 0u - value : value;
  return 0;
}

u32 tb_string_is_integer(struct tb_context *cx, tb_ref a, u32 bits) {
  u64 ignored;
  return a && !tb_string_to_integer(cx, a, bits, &ignored);
}
