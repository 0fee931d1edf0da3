#include "tb_math.h"

/* erf(x) = 2 / sqrt(pi) e^-x^2 (x + 2 x^3 / 3 + 4 x^5 / 15 + ...): all terms have one sign. Abramowitz and
 * Stegun, 7.1.6. */
static Two erf_series(double x) {
  int k;
  Two square = __tb_product(x, x), term = two(x, 0), sum = term;
  for (int n = 1; term.high > sum.high * 0x1p-90; n++) {
    term = __tb_divide(__tb_multiply(term, two(2 * square.high, 2 * square.low)), two(2 * n + 1, 0));
    sum = __tb_add(sum, term);
  }
  Two m = __tb_add(two(1, 0), __tb_exp(negative(square), &k));
  sum = __tb_multiply(__tb_multiply(sum, m), two(0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56));
  return two(sum.high * power_of_2(k), sum.low * power_of_2(k));
}

/* erfc(x) = e^-x^2 / sqrt(pi) / (x + 1/2 / (x + 2/2 / (x + 3/2 / (x + ...)))): 7.1.14. */
static double erfc_fraction(double x) {
  int k;
  Two below = two(x, 0);
  for (int n = 70; n > 0; n--) below = __tb_add(two(x, 0), __tb_divide(two(n * 0.5, 0), below));
  Two m = __tb_add(two(1, 0), __tb_exp(negative(__tb_product(x, x)), &k));
  m = __tb_multiply(m, two(0x1.20dd750429b6dp-1, 0x1.1ae3a914fed80p-57));
  return scalbn(__tb_divide(m, below).high, k);
}

double erf(double x) {
  double size = fabs(x);
  if (x != x || x == 0) return x;
  if (size >= 6) return copysign(1, x);
  if (size < 0x1p-30) { /* x itself may be too small for the parts of a product */
    Two product = __tb_multiply(two(size * 0x1p100, 0), two(0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56));
    return copysign(scalbn(product.high, -100), x);
  }
  return copysign(erf_series(size).high, x);
}
OF_DOUBLE(erf)

double erfc(double x) {
  if (x != x) return x;
  if (x < 3) {
    if (x < -6) return 2;
    if (fabs(x) < 0x1p-60) return 1;
    Two found = erf_series(fabs(x));
    return __tb_add(two(1, 0), x > 0 ? negative(found) : found).high;
  }
  return x > 28 ? 0 : erfc_fraction(x);
}
OF_DOUBLE(erfc)
