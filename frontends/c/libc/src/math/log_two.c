#include "tb_math.h"

/* One step of Newton's on e^y = 1 + u, from a double: with d = (u - (e^y - 1)) / e^y, ln(1 + u) = y + ln(1 +
 * d). */
Two __tb_log1p(Two u) {
  int k;
  double sum = 1 + u.high, y = sum == 1 ? u.high : log(sum) * (u.high / (sum - 1));
  Two m = __tb_exp(two(y, 0), &k);
  if (k) { /* |y| a little above ln 2 / 2 */
    m = __tb_add(m, two(1, 0));
    m = __tb_add(two(m.high * power_of_2(k), m.low * power_of_2(k)), two(-1, 0));
  }
  Two d = __tb_divide(__tb_add(u, negative(m)), __tb_add(m, two(1, 0)));
  d = __tb_add(d, two(-d.high * d.high / 2, 0));
  return __tb_add(two(y, 0), d);
}

Two __tb_log(Two x) {
  int k;
  double m = frexp(x.high, &k);
  if (m < 0x1.6a09e667f3bcdp-1) k--;
  Two u = __tb_add(two(scalbn(x.high, -k), scalbn(x.low, -k)), two(-1, 0));
  if (!k) return __tb_log1p(u);
  return __tb_add(__tb_multiply(LN_2, two(k, 0)), __tb_log1p(u));
}
