#include "tb_math.h"

/* 0 for no integer, 1 for an odd, 2 for an even one. */
static int parity(double y) {
  if (y != trunc(y)) return 0;
  return fabs(y) < 0x1p53 && fmod(y, 2) != 0 ? 1 : 2;
}

double pow(double x, double y) {
  int k;
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return x + y;
  int kind = parity(y);
  double size = fabs(x), sign = signbit(x) && kind == 1 ? -1 : 1;
  if (isinf(y)) return size == 1 ? 1 : (size > 1) == (y > 0) ? INFINITY : 0;
  if (x == 0 || isinf(x)) return sign * ((x == 0) == (y > 0) ? 0 : INFINITY);
  if (x < 0 && !kind) return NAN;
  if (size == 1) return sign;
  Two log = __tb_log(two(size, 0));
  /* Beyond what a double can be, whatever the digits are: the product is not to overflow either. */
  if (fabs(y) > 0x1p70 || fabs(log.high * y) > 800) return sign * ((log.high > 0) == (y > 0) ? INFINITY : 0);
  if (fabs(y) < 0x1p-70) return 1;
  Two m = __tb_add(two(1, 0), __tb_exp(__tb_multiply(log, two(y, 0)), &k));
  return sign * scalbn(m.high, k);
}
OF_DOUBLES(pow)
