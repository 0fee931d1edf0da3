/* The remainder of a division truncated toward zero, exact: binary long division, a bit a step. binary32 is
 * divided as binary64, where the remainder is the same number. */
#include "tb.h"

#define HIDDEN ((u64)1 << 52)
#define INFINITE ((u64)0x7ff << 52)

/* The significand with its highest bit at 52; *exponent is what belongs to it, below 1 for subnormals. */
static u64 significand(u64 bits, s32 *exponent) {
  u64 found = bits & (HIDDEN - 1);
  *exponent = (s32)(bits >> 52);
  if (*exponent != 0) return found | HIDDEN;
  for (*exponent = 1; found < HIDDEN; found <<= 1) --*exponent;
  return found;
}

double fmod(double a, double b) {
  u64 x = tb_bits_f64(a), y = tb_bits_f64(b) << 1 >> 1, sign = x >> 63 << 63;
  x ^= sign;
  if (x >= INFINITE || y > INFINITE || y == 0) return (a * b) / (a * b); /* NaN */
  if (x < y) return a;
  s32 at, last;
  u64 rest = significand(x, &at), divisor = significand(y, &last);
  for (;; rest <<= 1) {
    if (rest >= divisor) rest -= divisor;
    if (at-- == last) break;
  }
  if (rest == 0) return tb_f64_bits(sign);
  for (; rest < HIDDEN; rest <<= 1) last--;
  rest = last > 0 ? (rest ^ HIDDEN) | (u64)last << 52 : rest >> (1 - last);
  return tb_f64_bits(rest | sign);
}

float fmodf(float a, float b) { return (float)fmod(a, b); }
