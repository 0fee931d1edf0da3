/* Strings from UTF-8. One U+FFFD stands for the bytes that could have been the beginning of a character
 * (Unicode 15, 3.9), and for three that encode a surrogate. */
#include "tb_heap.h"
#include "tb_utf8.h"

/* The next scalar; goes past its bytes. */
static u32 next(const u8 **at, const u8 *end) {
  u32 lead = *(*at)++;
  if (lead < 0x80) return lead;
  if (lead - 0xc2 > 0xf4 - 0xc2) return 0xfffd;
  u32 more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3, scalar = lead & (0x3f >> more);
  /* The second byte must not make what fewer bytes could say, nor more than U+10FFFF. */
  u32 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xf4 ? 0x8f : 0xbf;
  for (; more; more--) {
    if (*at == end || **at < low || **at > high) return 0xfffd;
    scalar = scalar << 6 | (*(*at)++ & 0x3fu);
    low = 0x80;
    high = 0xbf;
  }
  return scalar >> 11 == 0xd800 >> 11 ? 0xfffd : scalar;
}

tb_ref tb_string_from_utf8(struct tb_context *cx, const u8 *bytes, u32 count) {
  const u8 *end = bytes + count;
  u32 units = 0, seen = 0;
  for (const u8 *at = bytes; at != end; units++) {
    u32 scalar = next(&at, end);
    seen |= scalar;
    units += scalar > 0xffff;
  }
  u32 wide = seen > 0xff;
  u64 size = (TB_HEADER + ((u64)units << wide) + 7) & ~7ull;
  tb_ref string = tb_heap_allocate(cx, size, wide ? TB_TYPE_UTF16 : TB_TYPE_LATIN1, units);
  if (!string) return 0;
  u8 *to = tb_object(cx, string) + TB_HEADER;
  while (bytes != end) {
    u32 scalar = next(&bytes, end);
    if (!wide) {
      *to++ = (u8)scalar;
      continue;
    }
    if (scalar > 0xffff) {
      tb_store_u16(to, (u16)(0xd7c0 + (scalar >> 10)));
      to += 2;
      scalar = 0xdc00 | (scalar & 0x3ff);
    }
    tb_store_u16(to, (u16)scalar);
    to += 2;
  }
  return string;
}
