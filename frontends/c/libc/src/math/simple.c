/* What is an instruction of the machine, or a matter of bits. */
#include <limits.h>
#include "tb_math.h"

#define INSTRUCTION(name) \
  double name(double x) { return __builtin_##name(x); } \
  float name##f(float x) { return __builtin_##name##f(x); } \
  long double name##l(long double x) { return __builtin_##name(x); }

INSTRUCTION(fabs)
INSTRUCTION(sqrt)
INSTRUCTION(floor)
INSTRUCTION(ceil)
INSTRUCTION(trunc)
INSTRUCTION(rint)

double nearbyint(double x) { return rint(x); }
float nearbyintf(float x) { return rintf(x); }
long double nearbyintl(long double x) { return rint(x); }

/* Halves away from zero. */
double round(double x) {
  double whole = trunc(x);
  return fabs(x - whole) >= 0.5 ? whole + copysign(1, x) : copysign(whole, x);
}
float roundf(float x) { return (float)round(x); }
long double roundl(long double x) { return round(x); }

#define INTEGERS(name, with, type) \
  type name(double x) { return (type)with(x); } \
  type name##f(float x) { return (type)with(x); } \
  type name##l(long double x) { return (type)with(x); }

INTEGERS(lrint, rint, long)
INTEGERS(llrint, rint, long long)
INTEGERS(lround, round, long)
INTEGERS(llround, round, long long)

double copysign(double x, double y) { return __builtin_copysign(x, y); }
float copysignf(float x, float y) { return __builtin_copysignf(x, y); }
long double copysignl(long double x, long double y) { return __builtin_copysign(x, y); }

double nan(const char *tag) {
  (void)tag;
  return NAN;
}
float nanf(const char *tag) { return (float)nan(tag); }
long double nanl(const char *tag) { return nan(tag); }

double fmax(double x, double y) {
  if (x != x) return y;
  if (x == y) return signbit(x) ? y : x;
  return x < y ? y : x;
}
OF_DOUBLES(fmax)

double fmin(double x, double y) {
  if (x != x) return y;
  if (x == y) return signbit(x) ? x : y;
  return y < x ? y : x;
}
OF_DOUBLES(fmin)

double fdim(double x, double y) { return x <= y ? 0 : x - y; }
float fdimf(float x, float y) { return x <= y ? 0 : x - y; }
long double fdiml(long double x, long double y) { return fdim(x, y); }

double modf(double x, double *whole) {
  *whole = trunc(x);
  return copysign(isinf(x) ? 0 : x - *whole, x);
}

float modff(float x, float *whole) {
  double part;
  float rest = (float)modf(x, &part);
  *whole = (float)part;
  return rest;
}

long double modfl(long double x, long double *whole) {
  double part;
  double rest = modf(x, &part);
  *whole = part;
  return rest;
}

double frexp(double x, int *exponent) {
  int field = (int)(bits_of(x) >> 52 & 0x7ff);
  *exponent = 0;
  if (field == 0x7ff || x == 0) return x;
  if (!field) {
    x = frexp(x * 0x1p64, exponent);
    *exponent -= 64;
    return x;
  }
  *exponent = field - 1022;
  return of_bits((bits_of(x) & ~(0x7ffull << 52)) | 1022ull << 52);
}
float frexpf(float x, int *exponent) { return (float)frexp(x, exponent); }
long double frexpl(long double x, int *exponent) { return frexp(x, exponent); }

/* The last factor alone may round: those before it leave a number with all its bits. */
double scalbn(double x, int n) {
  for (int i = 0; n > 1023 && i < 2; i++) x *= 0x1p1023, n -= 1023;
  for (int i = 0; n < -1022 && i < 2; i++) x *= 0x1p-969, n += 969;
  return x * power_of_2(n > 1023 ? 1023 : n < -1022 ? -1022 : n);
}
/* Of a float, a double's scaling by what is no extreme is exact. */
float scalbnf(float x, int n) { return (float)scalbn(x, n > 400 ? 400 : n < -400 ? -400 : n); }
long double scalbnl(long double x, int n) { return scalbn(x, n); }

double scalbln(double x, long n) { return scalbn(x, (int)n); }
float scalblnf(float x, long n) { return scalbnf(x, (int)n); }
long double scalblnl(long double x, long n) { return scalbn(x, (int)n); }
double ldexp(double x, int n) { return scalbn(x, n); }
float ldexpf(float x, int n) { return scalbnf(x, n); }
long double ldexpl(long double x, int n) { return scalbn(x, n); }

int ilogb(double x) {
  int exponent;
  if (x == 0) return FP_ILOGB0;
  if (x != x) return FP_ILOGBNAN;
  if (isinf(x)) return INT_MAX;
  frexp(x, &exponent);
  return exponent - 1;
}
int ilogbf(float x) { return ilogb(x); }
int ilogbl(long double x) { return ilogb(x); }

double logb(double x) { return x == 0 ? -INFINITY : isfinite(x) ? ilogb(x) : x * x; }
OF_DOUBLE(logb)

/* Numbers of one sign follow each other as their bits do. */
double nextafter(double x, double y) {
  if (x != x || y != y) return x + y;
  if (x == y) return y;
  if (x == 0) return copysign(0x1p-1074, y);
  return of_bits(bits_of(x) + ((x < y) == (x > 0) ? 1 : -1ull));
}
long double nextafterl(long double x, long double y) { return nextafter(x, y); }
double nexttoward(double x, long double y) { return nextafter(x, y); }
long double nexttowardl(long double x, long double y) { return nextafter(x, y); }

float nexttowardf(float x, long double y) {
  uint32_t bits;
  if (x != x || y != y) return x + (float)y;
  if (x == y) return (float)y;
  if (x == 0) return copysignf(0x1p-149f, (float)copysign(1, y));
  memcpy(&bits, &x, sizeof bits);
  bits += (x < y) == (x > 0) ? 1 : -1u;
  memcpy(&x, &bits, sizeof x);
  return x;
}
float nextafterf(float x, float y) { return nexttowardf(x, y); }
