/* A string as UTF-8. TB_STRING_KINDS says what strings the plan's program can have: 0 only ASCII, 1 also
 * Latin-1, 2 also UTF-16; what is not needed folds away. */
#include "tb_io.h"

static void put_scalar(struct tb_context *cx, u32 scalar) {
  u32 shift = scalar < 0x80 ? 0 : scalar < 0x800 ? 6 : scalar < 0x10000 ? 12 : 18;
  u32 lead = shift == 0 ? 0 : 0xff00u >> (shift / 6 + 1); /* its low byte: 1 + shift / 6 bits set */
  tb_io_put_byte(cx, lead | scalar >> shift);
  while (shift != 0) {
    shift -= 6;
    tb_io_put_byte(cx, 0x80 | (scalar >> shift & 0x3f));
  }
}

void tb_io_print_string(struct tb_context *cx, tb_ref string) {
  if (string == 0) {
    tb_io_write(cx, "null", 4);
    return;
  }
  const u8 *at = tb_object(cx, string) + TB_HEADER;
  u32 length = tb_object_length(cx, string);
  if (TB_STRING_KINDS == 0) {
    tb_io_write(cx, at, length);
    return;
  }
  u32 wide = TB_STRING_KINDS > 1 && tb_object_type(cx, string) == TB_TYPE_UTF16;
  for (u32 i = 0; i < length; i++) {
    u32 unit = wide ? tb_load_u16(at + 2 * (u64)i) : at[i];
    if (TB_STRING_KINDS > 1 && unit - 0xd800 < 0x800) {
      u32 low = unit < 0xdc00 && i + 1 < length ? tb_load_u16(at + 2 * (u64)i + 2) - 0xdc00u : 0x400;
      i += low < 0x400;
      unit = low < 0x400 ? 0x10000 + ((unit - 0xd800) << 10) + low : '?';
    }
    put_scalar(cx, unit);
  }
}
