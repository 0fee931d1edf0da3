/* Remainders, exact: by long division of the mantissas. */
#include "tb_math.h"

/* |x| = mantissa * 2^exponent with bit 52 of the mantissa set. */
static uint64_t taken_apart(double x, int *exponent) {
  uint64_t bits = bits_of(x) & ~(1ull << 63);
  *exponent = (int)(bits >> 52);
  if (*exponent) return (bits & ((1ull << 52) - 1)) | 1ull << 52;
  int shift = __builtin_clzll(bits) - 11;
  *exponent = 1 - shift;
  return bits << shift;
}

static double put_together(uint64_t mantissa, int exponent) {
  if (!mantissa) return 0;
  int shift = __builtin_clzll(mantissa) - 11;
  mantissa <<= shift;
  exponent -= shift;
  if (exponent > 0) return of_bits((mantissa & ((1ull << 52) - 1)) | (uint64_t)exponent << 52);
  return of_bits(mantissa >> (1 - exponent)); /* exact: it has no bits that y had not */
}

/* |x| modulo |y|, and the low bits of the quotient. */
static double divided(double x, double y, uint32_t *quotient) {
  int p, q;
  *quotient = 0;
  if (fabs(x) < fabs(y)) return fabs(x);
  uint64_t a = taken_apart(x, &p), b = taken_apart(y, &q);
  for (;; p--, a <<= 1) {
    *quotient <<= 1;
    if (a >= b) a -= b, *quotient |= 1;
    if (p == q) break;
  }
  return put_together(a, q);
}

static int undefined(double x, double y) { return isnan(x) || isnan(y) || isinf(x) || y == 0; }

double fmod(double x, double y) {
  uint32_t quotient;
  if (undefined(x, y)) return (x * y) / (x * y);
  if (isinf(y) || x == 0) return x;
  return copysign(divided(x, y, &quotient), x);
}
OF_DOUBLES(fmod)

double remquo(double x, double y, int *quotient) {
  uint32_t count;
  *quotient = 0;
  if (undefined(x, y)) return (x * y) / (x * y);
  if (isinf(y) || x == 0) return x;
  double rest = divided(x, y, &count), size = fabs(y);
  /* Above half of y, or at it with an odd quotient: one more. Twice the rest may be too large for a double.
   */
  double other = size - rest;
  if (rest > other || (rest == other && count & 1)) rest = rest - size, count++;
  count &= 0x7fffffff;
  *quotient = signbit(x) != signbit(y) ? -(int)count : (int)count;
  return signbit(x) ? -rest : rest;
}
float remquof(float x, float y, int *quotient) { return (float)remquo(x, y, quotient); }
long double remquol(long double x, long double y, int *quotient) { return remquo(x, y, quotient); }

double remainder(double x, double y) {
  int quotient;
  return remquo(x, y, &quotient);
}
OF_DOUBLES(remainder)
