/* The product of numbers of 128 bits, cut off to as many: compilers call it where a machine multiplies no such
 * numbers, to see whether a product of 64-bit numbers fits. From halves of halves, as on paper. */
#include "tb.h"

typedef unsigned __int128 wide;

wide __multi3(wide a, wide b);

wide __multi3(wide a, wide b) {
  const u64 x = (u64)a, y = (u64)b, half = 0xffffffffu;
  u64 low = (x & half) * (y & half);
  u64 middle = (x >> 32) * (y & half) + (low >> 32);
  u64 other = (x & half) * (y >> 32) + (middle & half);
  u64 high = (x >> 32) * (y >> 32) + (middle >> 32) + (other >> 32);
  high += x * (u64)(b >> 64) + (u64)(a >> 64) * y;
  return (wide)high << 64 | (other << 32 | (low & half));
}
