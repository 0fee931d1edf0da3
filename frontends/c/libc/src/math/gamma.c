/* The gamma function and its logarithm, by Stirling's series: Abramowitz and Stegun, 6.1.40 and 6.1.41. */
#include "tb_math.h"

#define ENOUGH 24

/* ln of gamma(x) times product: x moves up to where the series is good, over the factors of product. x is
 * above 0 and below 2^100. */
static Two stirling(double x, Two *product) {
  static const double coefficients[] = {-174611.0 / 125400, 43867.0 / 244188, -3617.0 / 122400,
                                        1.0 / 156,          -691.0 / 360360,  1.0 / 1188,
                                        -1.0 / 1680,        1.0 / 1260,       -1.0 / 360};
  Two at = two(x, 0);
  *product = two(1, 0);
  for (; at.high < ENOUGH; at = __tb_add(at, two(1, 0))) *product = __tb_multiply(*product, at);
  double inverse = 1 / at.high, square = inverse * inverse, series = 0;
  for (size_t i = 0; i < sizeof coefficients / sizeof *coefficients; i++)
    series = series * square + coefficients[i];
  Two sum = __tb_multiply(__tb_add(at, two(-0.5, 0)), __tb_log(at));
  sum = __tb_add(__tb_add(sum, negative(at)),
                 two(0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55)); /* ln(2 pi) / 2 */
  sum = __tb_add(sum, __tb_divide(two(1.0 / 12, 0x1.5555555555555p-58), at));
  return __tb_add(sum, two(series * square * inverse, 0));
}

/* x sin(pi x) of a number that is no integer, without sign; whether it has one. */
static Two reflection(double x, int *minus) {
  double whole = rint(x), rest = x - whole;
  Two sine, cosine,
      angle = __tb_multiply(HALF_TURN, two(fabs(rest) <= 0.25 ? fabs(rest) : 0.5 - fabs(rest), 0));
  __tb_sine_cosine(angle, &sine, &cosine);
  *minus = (fmod(whole, 2) != 0) != (rest < 0);
  return __tb_multiply(two(fabs(x), 0), fabs(rest) <= 0.25 ? sine : cosine);
}

/* gamma(x) gamma(-x) = -pi / (x sin(pi x)) */
double tgamma(double x) {
  int k, minus = 0;
  Two product;
  double size = fabs(x);
  if (x != x || x == INFINITY) return x;
  if (x < 0 && x == trunc(x)) return NAN;
  if (size < 0x1p-60) return 1 / x;
  if (x > 172) return INFINITY;
  if (x < -190) return fmod(trunc(x), 2) != 0 ? 0.0 : -0.0;
  Two m = __tb_exp(stirling(size, &product), &k);
  m = __tb_divide(__tb_add(two(1, 0), m), product);
  if (x < 0) {
    m = __tb_divide(HALF_TURN, __tb_multiply(m, reflection(x, &minus)));
    k = -k;
  }
  return scalbn(minus ? -m.high : m.high, k);
}
OF_DOUBLE(tgamma)

/* Near 1 and 2, where it is 0: its series there, 6.1.33. zeta(n) / n, less 1 / n at 2. */
static double near_zero(double e, Two first, double less) {
  static const double zeta[] = {1.0040773561979443394, 1.0083492773819228268, 1.0173430619844491397,
                                1.0369277551433699263, 1.0823232337111381915, 1.2020569031595942854,
                                1.6449340668482264365};
  double series = 0;
  for (int n = 8; n > 1; n--) series = (n & 1 ? -1 : 1) * (zeta[8 - n] - less) / n + series * e;
  return __tb_add(__tb_multiply(first, two(e, 0)), two(series * e * e, 0)).high;
}

double lgamma(double x) {
  int minus;
  Two product;
  double size = fabs(x);
  if (!isfinite(x)) return x * x;
  if (x <= 0 && x == trunc(x)) return INFINITY;
  if (size < 0x1p-60) return -log(size);
  if (fabs(x - 1) < 0x1p-9) return near_zero(x - 1, two(-0x1.2788cfc6fb619p-1, 0x1.6cb90701fbfabp-58), 0);
  if (fabs(x - 2) < 0x1p-9) return near_zero(x - 2, two(0x1.b0ee6072093cep-2, 0x1.6cb90701fbfabp-58), 1);
  if (size > 0x1p90) /* x (ln x - 1): the rest is nothing beside it; no negative one is without being whole */
    return scalbn(__tb_multiply(__tb_add(__tb_log(two(x, 0)), two(-1, 0)), two(x * 0x1p-100, 0)).high, 100);
  Two found = stirling(size, &product);
  found = __tb_add(found, negative(__tb_log(product)));
  if (x < 0) {
    Two part = __tb_log(__tb_divide(HALF_TURN, reflection(x, &minus)));
    found = __tb_add(part, negative(found));
  }
  return found.high;
}
OF_DOUBLE(lgamma)
