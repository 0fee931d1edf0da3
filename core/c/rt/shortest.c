/* The shortest decimal of a floating-point number: exact, for binary32 and binary64.
 *
 * The number and both ends of the interval that rounds to it are written out in decimal, digit by digit,
 * with integers of as many limbs as that takes (after Steele and White, "How to print floating-point
 * numbers accurately", 1990, and Dybvig and Burger, 1996, but with the three expansions side by side).
 * One may stop when the number's expansion, cut off here, is above the lower end, or when it is below the
 * upper end once its last digit is raised. Whether an end itself belongs to the interval decides how it is
 * written where it ends: as ...5000 or as ...4999.
 *
 * Limits: mantissa below 2**53 and not 0, -1074 <= exponent <= 971; a little-endian machine. */
#include "tb_rt.h"

enum { LIMBS = 37 };
enum { LOW, NUMBER, HIGH, SCALE };

/* to = to + from * factor + carry; gives the carry out, negative where the result is. |factor| < 2**31. */
static TB_NOINLINE s64 add(u32 *to, const u32 *from, s64 factor, s64 carry, u32 limbs) {
  for (u32 i = 0; i < limbs; i++) {
    carry += to[i] + from[i] * factor;
    to[i] = (u32)carry;
    carry >>= 32;
  }
  return carry;
}

u64 tb_rt_shortest(u64 mantissa, s32 exponent, u32 boundary, s32 *power) {
  u32 value[4][LIMBS] = {{0}};
  u64 start[4] = {4 * mantissa - 2 + boundary, 4 * mantissa, 4 * mantissa + 2, 4};
  /* An even mantissa's interval includes its ends: its lower end is written as ...4999, its upper one as
   * ...5000; an odd one's the other way round. What is written with nines is kept as 1 less. */
  s64 less[4] = {~mantissa & 1, 0, mantissa & 1, 0};
  u64 digits[3] = {0, 0, 0};
  u32 size = exponent < 0 ? 0u - (u32)exponent : (u32)exponent;
  u32 limbs = (size + 128) / 32; /* 10 * SCALE has fewer than size + 72 bits */
  for (u32 i = 0; i <= SCALE; i++) {
    u32 shift = (i == SCALE) == (exponent < 0) ? size : 0;
    tb_store_u64(value[i] + shift / 32, start[i]);
    add(value[i], value[i], ((s64)1 << shift % 32) - 1, -less[i], limbs);
  }

  /* number < 2**top, so the first digit is that of 10**(top * log10(2)), or comes behind it. */
  s32 top = exponent;
  for (u64 rest = mantissa; rest != 0; rest >>= 1) top++;
  s32 place = top > 0 ? top * 78 / 256 : 0;
  for (s32 i = 0; i < place; i++) add(value[SCALE], value[SCALE], 9, 0, limbs);

  do {
    for (u32 i = LOW; i <= HIGH; i++) {
      digits[i] *= 10;
      while (add(value[i], value[SCALE], -1, 0, limbs) >= 0) digits[i]++;
      add(value[i], value[SCALE], 1, 0, limbs);
      add(value[i], value[i], 9, 9 * less[i], limbs);
    }
    place--;
  } while (digits[NUMBER] < 10 || (digits[LOW] == digits[NUMBER] && digits[NUMBER] == digits[HIGH]));
  *power = place + 1;

  u64 result = digits[NUMBER];
  if (digits[LOW] == result ||
      (digits[HIGH] != result && add(value[NUMBER], value[SCALE], -5, (s64)(result & 1) - 1, limbs) >= 0))
    result++;
  return result;
}
