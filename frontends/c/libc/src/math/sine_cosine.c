#include "tb_math.h"

/* The first terms with all bits, the rest as doubles: relative errors below 2^-65. */
void __tb_sine_cosine(Two x, Two *sine, Two *cosine) {
  Two square = __tb_multiply(x, x);
  double z = square.high, series = 0, even = 0;
  for (int n = 19; n > 7; n -= 2) series = (series + 1) * -z / ((n - 1) * n);
  for (int n = 20; n > 8; n -= 2) even = (even + 1) * -z / ((n - 1) * n);
  /* 1 - z/6 (1 - z/20 (1 - z/42 (1 + ...))) */
  Two odd = __tb_add(two(1, 0), two(-z / 42 * (1 + series), 0));
  odd = __tb_add(two(1, 0), negative(__tb_divide(__tb_multiply(square, odd), two(20, 0))));
  odd = __tb_add(two(1, 0), negative(__tb_divide(__tb_multiply(square, odd), two(6, 0))));
  *sine = __tb_multiply(x, odd);
  /* 1 - z/2 (1 - z/12 (1 - z/30 (1 - z/56 (1 + ...)))) */
  Two term = __tb_add(two(1, 0), two(-z / 56 * (1 + even), 0));
  term = __tb_add(two(1, 0), negative(__tb_divide(__tb_multiply(square, term), two(30, 0))));
  term = __tb_add(two(1, 0), negative(__tb_divide(__tb_multiply(square, term), two(12, 0))));
  *cosine = __tb_add(two(1, 0), negative(__tb_divide(__tb_multiply(square, term), two(2, 0))));
}

double tan(double x) {
  Two rest, sine, cosine;
  if (!isfinite(x)) return x - x;
  if (fabs(x) < 0x1p-27) return x;
  int quarter = __tb_quarters(x, &rest);
  __tb_sine_cosine(rest, &sine, &cosine);
  return (quarter & 1 ? __tb_divide(negative(cosine), sine) : __tb_divide(sine, cosine)).high;
}
OF_DOUBLE(tan)
