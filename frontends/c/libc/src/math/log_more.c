#include "tb_math.h"

/* NaN, and what is not above zero. */
static int special(double x) { return x != x || x <= 0 || x == INFINITY; }
static double special_log(double x) { return x < 0 ? NAN : x == 0 ? -INFINITY : x; }

double log2(double x) {
  int k;
  if (special(x)) return special_log(x);
  double m = frexp(x, &k);
  if (m < 0x1.6a09e667f3bcdp-1) m *= 2, k--;
  return __tb_add(two(k, 0), __tb_divide(__tb_log1p(two(m - 1, 0)), LN_2)).high;
}
OF_DOUBLE(log2)

double log10(double x) {
  if (special(x)) return special_log(x);
  return __tb_divide(__tb_log(two(x, 0)), LN_10).high;
}
OF_DOUBLE(log10)

double log1p(double x) {
  if (x != x || x == INFINITY || x <= -1) return x == -1 ? -INFINITY : x < -1 ? NAN : x;
  if (fabs(x) < 0x1p-54) return x;
  if (x > -0.29 && x < 0.4) return __tb_log1p(two(x, 0)).high;
  return __tb_log(__tb_sum(1, x)).high;
}
OF_DOUBLE(log1p)

/* ln(|x| + sqrt(x^2 + 1)), as ln(1 + ...) where it is small. */
double asinh(double x) {
  double size = fabs(x);
  Two found;
  if (!isfinite(x) || size < 0x1p-28) return x;
  if (size > 0x1p30) {
    found = __tb_add(__tb_log(two(size, 0)), LN_2);
  } else {
    Two square = __tb_product(size, size), root = __tb_square_root(__tb_add(square, two(1, 0)));
    Two more = __tb_divide(square, __tb_add(root, two(1, 0)));
    found = __tb_add(two(size, 0), more);
    found = found.high < 0.4 ? __tb_log1p(found) : __tb_log(__tb_add(found, two(1, 0)));
  }
  return copysign(found.high, x);
}
OF_DOUBLE(asinh)

double acosh(double x) {
  if (!(x >= 1) || x == INFINITY) return x < 1 ? NAN : x;
  if (x > 0x1p30) return __tb_add(__tb_log(two(x, 0)), LN_2).high;
  Two less = two(x - 1, 0), more = __tb_sum(x, 1); /* x - 1 may round: only where x is large */
  if (x > 2) less = __tb_sum(x, -1);
  Two found = __tb_add(less, __tb_square_root(__tb_multiply(less, more)));
  return (found.high < 0.4 ? __tb_log1p(found) : __tb_log(__tb_add(found, two(1, 0)))).high;
}
OF_DOUBLE(acosh)

/* ln(1 + 2x / (1 - x)) / 2 */
double atanh(double x) {
  double size = fabs(x);
  if (!(size < 1)) return size == 1 ? copysign(INFINITY, x) : x != x ? x : NAN;
  if (size < 0x1p-28) return x;
  Two found = __tb_divide(two(2 * size, 0), __tb_sum(1, -size));
  found = found.high < 0.4 ? __tb_log1p(found) : __tb_log(__tb_add(found, two(1, 0)));
  return copysign(found.high / 2, x);
}
OF_DOUBLE(atanh)
