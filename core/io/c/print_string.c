/* A string as UTF-8. TB_STRING_KINDS says what strings the plan's program can have: 0 only ASCII, 1 also
 * Latin-1, 2 also UTF-16; what is not needed folds away. */
#include "tb_io.h"

static TB_NOINLINE void put_scalar(struct tb_context *cx, u32 scalar) {
  u32 rest = scalar > 0x7f; /* bytes behind the first one */
  if (TB_STRING_KINDS > 1) rest += (scalar > 0x7ff) + (scalar > 0xffff);
  tb_io_put_byte(cx, (rest ? 0x780 >> rest : 0) | scalar >> 6 * rest);
  while (rest != 0) tb_io_put_byte(cx, 0x80 | (scalar >> 6 * --rest & 0x3f));
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
  const u8 *end = at + ((u64)length << wide);
  while (at != end) {
    u32 unit = wide ? tb_load_u16(at) : *at;
    at += 1 + wide;
    if (TB_STRING_KINDS > 1 && unit >> 11 == 0xd800 >> 11) {
      u32 low = unit < 0xdc00 && at != end ? tb_load_u16(at) - 0xdc00u : 0x400;
      unit = '?';
      if (low < 0x400) {
        unit = 0x10000 + ((tb_load_u16(at - 2) - 0xd800u) << 10) + low;
        at += 2;
      }
    }
    put_scalar(cx, unit);
  }
}
