#include "tb_math.h"

/* The bits of 2 / pi, behind 64 zeros. */
static const uint32_t two_over_pi[] = {
    0x00000000, 0x00000000, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041,
    0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
    0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b, 0xbdf9283b,
    0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7, 0x4f463f66, 0x9e5fea2d,
    0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1, 0x1f8d5d08, 0x56033046, 0xfc7b6bab};

/* x = m 2^e. Of 2 / pi only the bits matter whose product with x is no multiple of 4, and 190 more: the rest
 * is less than any double is distant from a multiple of pi / 2 (about 2^-61), times 2^-60. M. H. Payne and R.
 * N. Hanek, "Radian reduction for trigonometric functions" (1983). */
int __tb_quarters(double x, Two *rest) {
  if (fabs(x) <= 0x1.921fb54442d18p-1) {
    *rest = two(x, 0);
    return 0;
  }
  uint64_t bits = bits_of(x), m = (bits & ((1ull << 52) - 1)) | 1ull << 52;
  int start = (int)(bits >> 52 & 0x7ff) - 1075 + 62;
  uint32_t product[6] = {0}, low = (uint32_t)m, high = (uint32_t)(m >> 32); /* the least significant first */
  for (int i = 0; i < 6; i++) {
    const uint32_t *at = two_over_pi + start / 32 + 5 - i;
    uint32_t word = start % 32 ? at[0] << start % 32 | at[1] >> (32 - start % 32) : at[0];
    uint64_t carry = 0;
    for (int j = i; j < 6 && j < i + 3; j++) {
      carry += product[j];
      if (j < i + 2) carry += (uint64_t)word * (j == i ? low : high);
      product[j] = (uint32_t)carry;
      carry >>= 32;
    }
  }
  int quarter = (int)(product[5] >> 30);
  /* Two bits to the left: the fraction. Above a half it counts from the next multiple down. */
  for (int i = 5; i >= 0; i--) product[i] = product[i] << 2 | (i ? product[i - 1] >> 30 : 0);
  int below = product[5] >> 31 ? -1 : 1;
  if (below < 0) {
    quarter++;
    uint64_t carry = 1;
    for (int i = 0; i < 6; i++) {
      carry += (uint32_t)~product[i];
      product[i] = (uint32_t)carry;
      carry >>= 32;
    }
  }
  int zeros = 0;
  while (zeros < 128 && !product[5]) {
    for (int i = 5; i > 0; i--) product[i] = product[i - 1];
    product[0] = 0;
    zeros += 32;
  }
  /* The first 64 bits and the next 64, as doubles: each half of them exactly. */
  double scale = power_of_2(-zeros), found[4];
  for (int i = 0; i < 4; i++) {
    scale *= 0x1p-32;
    found[i] = product[5 - i] * scale;
  }
  Two turn = __tb_add(__tb_sum(found[0], found[1]), __tb_sum(found[2], found[3]));
  turn = __tb_multiply(turn, QUARTER);
  if (bits >> 63) {
    quarter = -quarter;
    below = -below;
  }
  *rest = below < 0 ? negative(turn) : turn;
  return quarter & 3;
}
