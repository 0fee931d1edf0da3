#include "tb_math.h"

/* x = 2^k (1 + f); with s = f / (2 + f), ln(1 + f) = 2s + 2/3 s^3 + 2/5 s^5 + ... = f - s (f - R), where R is
 * the series behind 2s, divided by s. What is small is added first. */
double log(double x) {
  int k;
  if (x != x || x == INFINITY) return x;
  if (x <= 0) return x < 0 ? NAN : -INFINITY;
  double m = frexp(x, &k);
  if (m < 0x1.6a09e667f3bcdp-1) m *= 2, k--;
  double f = m - 1, s = f / (2 + f), z = s * s, series = 0, half = 0.5 * f * f;
  for (int n = 23; n > 1; n -= 2) series = (series + 2.0 / n) * z;
  if (!k) return f - (half - s * (half + series));
  return k * 0x1.62e42fefa3000p-1 - ((half - (s * (half + series) + k * 0x1.3de6af278ece6p-42)) - f);
}
OF_DOUBLE(log)
