#include "tb_math.h"

/* One step of Newton's from what the logarithm gives: r - (r^3 - m) / (3 r^2). */
double cbrt(double x) {
  int exponent;
  if (!isfinite(x) || x == 0) return x;
  double m = frexp(fabs(x), &exponent);
  for (; exponent % 3; exponent++) m /= 2;
  double root = exp(log(m) / 3);
  Two cube = __tb_multiply(__tb_product(root, root), two(root, 0));
  Two rest = __tb_add(cube, two(-m, 0));
  root = __tb_sum(root, -rest.high / (3 * root * root)).high;
  return copysign(scalbn(root, exponent / 3), x);
}
OF_DOUBLE(cbrt)

double hypot(double x, double y) {
  int exponent;
  if (isinf(x) || isinf(y)) return INFINITY;
  if (x != x || y != y) return x + y;
  x = fabs(x), y = fabs(y);
  if (x == 0 || y == 0) return x + y;
  frexp(x > y ? x : y, &exponent);
  double a = scalbn(x, -exponent), b = scalbn(y, -exponent);
  if (a < 0x1p-60 || b < 0x1p-60) return x + y;
  Two sum = __tb_add(__tb_product(a, a), __tb_product(b, b));
  return scalbn(__tb_square_root(sum).high, exponent);
}
OF_DOUBLES(hypot)
