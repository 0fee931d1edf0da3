/* Rounding to integers under the names that compilers assume: where a machine has an instruction, they use
 * that instead. binary32 is rounded as binary64, which loses nothing. */
#include "tb.h"

double trunc(double a);
double floor(double a);
double ceil(double a);
double rint(double a);
float truncf(float a);
float floorf(float a);
float ceilf(float a);
float rintf(float a);

#define SIGN ((u64)1 << 63)

/* Whether the number is an integer because it has no room for a fraction, is infinite or NaN. */
static u32 is_whole(u64 bits) { return (bits >> 52 & 0x7ff) >= 1023 + 52; }

double trunc(double a) {
  u64 bits = tb_bits_f64(a);
  u32 exponent = (u32)(bits >> 52) & 0x7ff;
  if (is_whole(bits)) return a == a ? a : a + a;
  u64 fraction = exponent < 1023 ? ~SIGN : (((u64)1 << 52) - 1) >> (exponent - 1023);
  return tb_f64_bits(bits & ~fraction);
}

double floor(double a) {
  double whole = trunc(a);
  return whole > a ? whole - 1 : whole;
}

double ceil(double a) {
  double whole = trunc(a);
  return whole < a ? whole + 1 : whole;
}

double rint(double a) {
  u64 bits = tb_bits_f64(a), sign = bits & SIGN;
  if (is_whole(bits)) return a == a ? a : a + a;
  /* Above 2**52 nothing smaller than 1 fits: the sum is rounded, ties to even. */
  double rounded = tb_f64_bits(bits ^ sign) + 0x1p52 - 0x1p52;
  return tb_f64_bits(tb_bits_f64(rounded) | sign);
}

float truncf(float a) { return (float)trunc(a); }
float floorf(float a) { return (float)floor(a); }
float ceilf(float a) { return (float)ceil(a); }
float rintf(float a) { return (float)rint(a); }
