/* The text of binary32 and binary64 as Float.toString and Double.toString have it since JDK 19: plain from
 * 0.001 to below 10 million, with an exponent elsewhere, and always with a digit behind the point. */
#include "tb_rt.h"

u8 *tb_rt_float_text(u8 *end, u64 bits, u32 exponent_bits, u32 fraction_bits) {
  u32 most = (1u << exponent_bits) - 1;
  u32 field = (u32)(bits >> fraction_bits) & most;
  u64 hidden = (u64)1 << fraction_bits;
  u64 fraction = bits & (hidden - 1);
  if (field == most) {
    if (fraction != 0) {
      end -= 3;
      __builtin_memcpy(end, "NaN", 3);
      return end;
    }
    end -= 8;
    __builtin_memcpy(end, "Infinity", 8);
  } else {
    u64 digits = 0;
    s32 power = -1; /* 0.0 */
    if ((field | fraction) != 0) {
      u32 boundary = field > 1 && fraction == 0;
      fraction += field != 0 ? hidden : 0;
      field += field == 0;
      s32 last;
      digits = tb_rt_shortest(fraction, (s32)(field - (most >> 1) - fraction_bits), boundary, &last);
      power = last;
      for (; digits % 10 == 0; digits /= 10) power++;
      s32 leading = power - 1;
      for (u64 rest = digits; rest != 0; rest /= 10) leading++;
      if (leading < -3 || leading >= 7) {
        power -= leading;
        end = tb_rt_decimal(end, (u64)(leading < 0 ? -leading : leading));
        if (leading < 0) *--end = '-';
        *--end = 'E';
      }
      for (; power >= 0; power--) digits *= 10;
    }
    do {
      *--end = (u8)('0' + digits % 10);
      digits /= 10;
      if (++power == 0) *--end = '.';
    } while (power <= 0 || digits != 0);
  }
  if (bits >> (exponent_bits + fraction_bits) != 0) *--end = '-';
  return end;
}
