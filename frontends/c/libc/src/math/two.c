#include "tb_math.h"

Two __tb_sum(double a, double b) {
  double sum = a + b, part = sum - a;
  return two(sum, (a - (sum - part)) + (b - part));
}

/* For |a| >= |b|. */
static Two ordered_sum(double a, double b) {
  double sum = a + b;
  return two(sum, b - (sum - a));
}

Two __tb_product(double a, double b) {
  double x = a * 134217729.0, y = b * 134217729.0; /* 2^27 + 1 */
  double a1 = x - (x - a), b1 = y - (y - b), a2 = a - a1, b2 = b - b1, product = a * b;
  return two(product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2);
}

Two __tb_add(Two a, Two b) {
  Two high = __tb_sum(a.high, b.high), low = __tb_sum(a.low, b.low);
  high = ordered_sum(high.high, high.low + low.high);
  return ordered_sum(high.high, high.low + low.low);
}

Two __tb_multiply(Two a, Two b) {
  Two product = __tb_product(a.high, b.high);
  return ordered_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

Two __tb_divide(Two a, Two b) {
  double first = a.high / b.high;
  Two rest = __tb_add(a, negative(__tb_multiply(b, two(first, 0))));
  double second = rest.high / b.high;
  rest = __tb_add(rest, negative(__tb_multiply(b, two(second, 0))));
  return __tb_add(ordered_sum(first, second), two(rest.high / b.high, 0));
}

/* One step of Newton's from the root of the high part. */
Two __tb_square_root(Two a) {
  if (a.high <= 0) return two(0, 0);
  double root = sqrt(a.high);
  Two rest = __tb_add(a, negative(__tb_product(root, root)));
  return ordered_sum(root, rest.high / (2 * root));
}
