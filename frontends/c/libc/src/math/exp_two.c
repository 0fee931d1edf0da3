#include "tb_math.h"

#define HALVINGS 6

/* By the series for a 64th of the argument: of f(x) = e^x - 1, f(2x) = f(x) (f(x) + 2). */
Two __tb_exp(Two x, int *k) {
  double count = rint(x.high * 0x1.71547652b82fep+0);
  Two r = __tb_add(__tb_sum(x.high - count * 0x1.62e42fefa3000p-1, x.low),
                   negative(__tb_product(count, 0x1.3de6af278ece6p-42)));
  r = __tb_add(r, two(-count * 0x1.f97b57a079a19p-103, 0));
  *k = (int)count;
  r.high *= 1.0 / (1 << HALVINGS), r.low *= 1.0 / (1 << HALVINGS);
  Two sum = two(1, 0);
  for (int n = 10; n > 1; n--) sum = __tb_add(two(1, 0), __tb_divide(__tb_multiply(sum, r), two(n, 0)));
  sum = __tb_multiply(sum, r);
  for (int i = 0; i < HALVINGS; i++) sum = __tb_multiply(sum, __tb_add(sum, two(2, 0)));
  return sum;
}

Two __tb_expm1(Two x) {
  int k;
  Two m = __tb_exp(x, &k);
  if (!k) return m;
  double scale = k > 1023 ? 0x1p1023 : power_of_2(k < -1022 ? -1022 : k);
  m = __tb_add(m, two(1, 0));
  return __tb_add(two(m.high * scale, m.low * scale), two(-1, 0));
}
