/* What is e^x of an argument or of two, with more bits than a double has. */
#include "tb_math.h"

static double power(Two x) {
  int k;
  if (x.high > 800) return INFINITY;
  if (x.high < -800) return 0;
  Two m = __tb_add(two(1, 0), __tb_exp(x, &k));
  return scalbn(m.high, k);
}

double exp10(double x) {
  if (x != x) return x;
  if (fabs(x) > 350) return x > 0 ? INFINITY : 0;
  return power(__tb_multiply(LN_10, two(x, 0)));
}
OF_DOUBLE(exp10)

double exp2(double x) {
  int k;
  if (x != x) return x;
  if (fabs(x) > 1100) return x > 0 ? INFINITY : 0;
  double whole = rint(x);
  if (x == whole) return scalbn(1, (int)x);
  Two m = __tb_add(two(1, 0), __tb_exp(__tb_multiply(LN_2, two(x - whole, 0)), &k));
  return scalbn(m.high, (int)whole + k);
}
OF_DOUBLE(exp2)

double expm1(double x) {
  if (x != x || x == 0 || x > 720) return x > 720 ? INFINITY : x;
  if (x < -50) return -1;
  if (fabs(x) < 0x1p-54) return x;
  if (x > 80) return power(two(x, 0)); /* 1 is nothing beside it */
  return __tb_expm1(two(x, 0)).high;
}
OF_DOUBLE(expm1)

/* e^|x| as (1 + m) 2^k, and its inverse. */
double sinh(double x) {
  double size = fabs(x);
  if (!isfinite(x) || size < 0x1p-28) return x;
  if (size > 40) {
    int k;
    if (size > 720) return copysign(INFINITY, x);
    Two m = __tb_add(two(1, 0), __tb_exp(two(size, 0), &k));
    return copysign(scalbn(m.high, k - 1), x);
  }
  Two m = __tb_expm1(two(size, 0));
  m = __tb_add(m, __tb_divide(m, __tb_add(m, two(1, 0))));
  return copysign(m.high / 2, x);
}
OF_DOUBLE(sinh)

double cosh(double x) {
  double size = fabs(x);
  int k;
  if (!isfinite(x)) return x * x;
  if (size > 720) return INFINITY;
  Two m = __tb_add(two(1, 0), __tb_exp(two(size, 0), &k));
  if (size > 40) return scalbn(m.high, k - 1);
  m = two(m.high * power_of_2(k), m.low * power_of_2(k));
  return __tb_add(m, __tb_divide(two(1, 0), m)).high / 2;
}
OF_DOUBLE(cosh)

double tanh(double x) {
  double size = fabs(x);
  if (x != x || size < 0x1p-28) return x;
  if (size > 22) return copysign(1, x);
  Two m = __tb_expm1(two(2 * size, 0));
  return copysign(__tb_divide(m, __tb_add(m, two(2, 0))).high, x);
}
OF_DOUBLE(tanh)
