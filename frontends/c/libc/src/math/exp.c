#include "tb_math.h"

/* The series of e^r - 1 - r, with |r| <= ln 2 / 2: its coefficients are 1/n!. The argument loses a multiple
 * of ln 2 in two parts, of which the first times that multiple is exact. */
double exp(double x) {
  static const double inverse[] = {1.0 / 6227020800.0, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                   1.0 / 362880,       1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                   1.0 / 120,          1.0 / 24,        1.0 / 6,        1.0 / 2};
  if (x != x) return x;
  if (x > 710) return INFINITY;
  if (x < -746) return 0;
  double k = rint(x * 0x1.71547652b82fep+0);
  double high = x - k * 0x1.62e42fefa3000p-1, low = k * 0x1.3de6af278ece6p-42, r = high - low, series = 0;
  for (size_t i = 0; i < sizeof inverse / sizeof *inverse; i++) series = series * r + inverse[i];
  /* What r lost when it was rounded counts, too. */
  double part = high - (low - r * r * series);
  Two sum = __tb_sum(1, part);
  double rest = sum.low + ((high - part) + (r * r * series - low));
  return scalbn(sum.high + rest, (int)k);
}
OF_DOUBLE(exp)
