#include "tb_math.h"

typedef unsigned __int128 Wide;

static uint64_t taken_apart(double x, int *exponent) {
  uint64_t bits = bits_of(x), m = bits & ((1ull << 52) - 1);
  *exponent = (int)(bits >> 52 & 0x7ff);
  if (*exponent) m |= 1ull << 52;
  else *exponent = 1;
  *exponent -= 1075;
  return m;
}

/* value * 2^exponent, with more behind it or not, rounded once. */
static double rounded(Wide value, int exponent, int more) {
  uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
  int length = high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
  if (!length) return 0;
  int cut = length - 53;
  if (exponent + cut < -1074) cut = -1074 - exponent;
  if (cut <= 0) return scalbn((double)low, exponent); /* no more than 53 bits */
  if (cut > 127) return scalbn(1, -1080) * (more || value);
  uint64_t mantissa = (uint64_t)(value >> cut);
  Wide rest = value & (((Wide)1 << cut) - 1), half = (Wide)1 << (cut - 1);
  if (rest > half || (rest == half && (more || mantissa & 1))) mantissa++;
  return scalbn((double)mantissa, exponent + cut);
}

/* Leading bit to bit 125: room for a sum's carry. */
static Wide justified(Wide value, int *exponent) {
  uint64_t high = (uint64_t)(value >> 64);
  int shift = (high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)value)) - 2;
  *exponent -= shift;
  return value << shift;
}

double fma(double x, double y, double z) {
  int p, q, r, more = 0;
  if (!isfinite(x) || !isfinite(y)) return x * y + z;
  if (!isfinite(z)) return z;
  if (x == 0 || y == 0) return x * y + z;
  Wide a = (Wide)taken_apart(x, &p) * taken_apart(y, &q), b = taken_apart(z, &r);
  int minus = signbit(x) != signbit(y), other = signbit(z) != 0;
  p += q;
  a = justified(a, &p);
  if (b) b = justified(b, &r);
  else r = p;
  if (p < r || (p == r && a < b)) { /* the larger one first */
    Wide swap = a;
    a = b, b = swap;
    int swapped = p;
    p = r, r = swapped;
    swapped = minus, minus = other, other = swapped;
  }
  int by = p - r;
  if (by) {
    more = by > 127 ? b != 0 : (b & (((Wide)1 << by) - 1)) != 0;
    b = by > 127 ? 0 : b >> by;
  }
  /* Of a difference with something behind the subtrahend, one less and something behind it is left. */
  double found = rounded(minus == other ? a + b : a - b - (unsigned)more, p, more);
  return minus && (found != 0 || a != b) ? -found : found;
}

/* The sum in double, with its last bit set where it was rounded: a second rounding does no harm then. */
float fmaf(float x, float y, float z) {
  Two sum = __tb_sum((double)x * y, z);
  if (isfinite(sum.high) && sum.low != 0 && !(bits_of(sum.high) & 1))
    sum.high = of_bits(bits_of(sum.high) + ((sum.low > 0) == (sum.high > 0) ? 1 : -1ull));
  return (float)sum.high;
}
long double fmal(long double x, long double y, long double z) { return fma(x, y, z); }
