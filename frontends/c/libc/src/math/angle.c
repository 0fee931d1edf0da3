#include "tb_math.h"

/* From a first approximation t to the arctangent of the smaller through the larger, by turning the point back
 * by it: what is left is an angle d so small that d - d^3/3 is its tangent's. The approximation's
 * coefficients: C. Hastings, "Approximations for Digital Computers" (1955), sheet 11. */
Two __tb_angle(Two y, Two x) {
  int steep = y.high > x.high;
  Two small = steep ? x : y, large = steep ? y : x, sine, cosine;
  double z = small.high / large.high, s = z * z;
  double t = z * (0.9998660 + s * (-0.3302995 + s * (0.1801410 + s * (-0.0851330 + s * 0.0208351))));
  __tb_sine_cosine(two(t, 0), &sine, &cosine);
  Two above = __tb_add(__tb_multiply(small, cosine), negative(__tb_multiply(large, sine)));
  Two along = __tb_add(__tb_multiply(large, cosine), __tb_multiply(small, sine));
  Two d = __tb_divide(above, along);
  d = __tb_add(d, two(-d.high * d.high * d.high / 3, 0));
  Two found = __tb_add(two(t, 0), d);
  return steep ? __tb_add(QUARTER, negative(found)) : found;
}

double atan2(double y, double x) {
  int p, q;
  if (x != x || y != y) return x + y;
  Two found;
  double a = fabs(y), b = fabs(x);
  if (a == 0) {
    found = two(0, 0);
  } else if (isinf(a) && isinf(b)) {
    found = two(QUARTER.high / 2, QUARTER.low / 2);
  } else if (isinf(a) || b == 0) {
    found = QUARTER;
  } else if (isinf(b)) {
    found = two(0, 0);
  } else {
    /* To where no product is too large or too small. */
    frexp(a, &p), frexp(b, &q);
    if (p - q > 80) found = QUARTER;
    else if (q - p > 80 && x > 0) return copysign(scalbn(scalbn(a, -p) / scalbn(b, -q), p - q), y);
    else if (q - p > 80) found = two(0, 0);
    else found = __tb_angle(two(scalbn(a, -q), 0), two(scalbn(b, -q), 0));
  }
  if (signbit(x)) found = __tb_add(HALF_TURN, negative(found));
  return copysign(found.high, y);
}
OF_DOUBLES(atan2)

double atan(double x) { return atan2(x, 1); }
OF_DOUBLE(atan)

/* The other side of a right triangle with hypotenuse 1. */
static Two other_side(double x) { return __tb_square_root(__tb_multiply(__tb_sum(1, -x), __tb_sum(1, x))); }

double asin(double x) {
  double size = fabs(x);
  if (!(size <= 1)) return x != x ? x : NAN;
  if (size < 0x1p-27) return x;
  return copysign(__tb_angle(two(size, 0), other_side(size)).high, x);
}
OF_DOUBLE(asin)

double acos(double x) {
  double size = fabs(x);
  if (!(size <= 1)) return x != x ? x : NAN;
  Two found = size == 1 ? two(0, 0) : __tb_angle(other_side(size), two(size, 0));
  return (x < 0 ? __tb_add(HALF_TURN, negative(found)) : found).high;
}
OF_DOUBLE(acos)
