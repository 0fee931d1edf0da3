/* Services of a plug-in: Euclid's algorithm (Elements VII.2), and one that only takes time. */
#include "tb.h"

/* 1: NO_GCD, 2: TOO_LARGE, in the order of the declaration. */
u32 tb_numbers_gcd(struct tb_context *cx, u32 a, u32 b, u32 *result) {
  (void)cx;
  if (a >> 31) a = 0 - a;
  if (b >> 31) b = 0 - b;
  while (b) {
    u32 rest = a % b;
    a = b;
    b = rest;
  }
  *result = a;
  return a == 0 ? 1 : a >> 31 ? 2 : 0;
}

void tb_numbers_wait(struct tb_context *cx, u32 rounds) {
  (void)cx;
  for (volatile u32 left = rounds & 0xff; left; left--) continue;
}
