/* Sine and cosine, by their series for |x| <= pi / 4: coefficients are 1/n!. */
#include "tb_math.h"

static double sine(Two x) {
  double z = x.high * x.high, series = 0;
  for (int n = 17; n > 3; n -= 2) series = (series + 1) * -z / ((n - 1) * n);
  /* x - x^3/6 (1 + series), with what the low part adds: its multiple by the cosine. */
  return x.high + (x.low * (1 - z / 2) - x.high * (z / 6) * (1 + series));
}

static double cosine(Two x) {
  double z = x.high * x.high, half = z / 2, series = 0;
  for (int n = 18; n > 4; n -= 2) series = (series + 1) * -z / ((n - 1) * n);
  Two sum = __tb_sum(1, -half);
  return sum.high + (sum.low + (z * z / 24 * (1 + series) - x.high * x.low));
}

double sin(double x) {
  Two rest;
  if (!isfinite(x)) return x - x;
  if (fabs(x) < 0x1p-27) return x;
  int quarter = __tb_quarters(x, &rest);
  double found = quarter & 1 ? cosine(rest) : sine(rest);
  return quarter & 2 ? -found : found;
}
OF_DOUBLE(sin)

double cos(double x) {
  Two rest;
  if (!isfinite(x)) return x - x;
  int quarter = __tb_quarters(x, &rest);
  double found = quarter & 1 ? sine(rest) : cosine(rest);
  return (quarter + 1) & 2 ? -found : found;
}
OF_DOUBLE(cos)
