/* Arithmetic of 128 bits, which the compiler calls by these names. */
typedef unsigned long long u64;
typedef unsigned __int128 u128;
typedef __int128 i128;

union halves {
  u128 whole;
  struct {
    u64 low, high;
  } part;
};

static u128 of(u64 high, u64 low) {
  union halves made = {.part = {low, high}};
  return made.whole;
}

u128 __multi3(u128 a, u128 b) {
  union halves x = {a}, y = {b};
  u64 x0 = x.part.low & 0xffffffff, x1 = x.part.low >> 32, y0 = y.part.low & 0xffffffff,
      y1 = y.part.low >> 32;
  u64 low = x0 * y0, middle = x1 * y0 + (low >> 32), other = x0 * y1 + (middle & 0xffffffff);
  u64 high = x1 * y1 + (middle >> 32) + (other >> 32);
  return of(high + x.part.low * y.part.high + x.part.high * y.part.low, other << 32 | (low & 0xffffffff));
}

u128 __ashlti3(u128 a, int by) {
  union halves x = {a};
  if (by >= 64) return of(x.part.low << (by - 64), 0);
  return by ? of(x.part.high << by | x.part.low >> (64 - by), x.part.low << by) : a;
}

u128 __lshrti3(u128 a, int by) {
  union halves x = {a};
  if (by >= 64) return of(0, x.part.high >> (by - 64));
  return by ? of(x.part.high >> by, x.part.low >> by | x.part.high << (64 - by)) : a;
}

u128 __ashrti3(u128 a, int by) {
  union halves x = {a};
  u64 fill = (u64)((long long)x.part.high >> 63);
  if (by >= 64) return of(fill, (u64)((long long)x.part.high >> (by - 64)));
  return by ? of((u64)((long long)x.part.high >> by), x.part.low >> by | x.part.high << (64 - by)) : a;
}

static u128 divide(u128 a, u128 b, u128 *rest) {
  u128 quotient = 0, left = 0;
  if (!b) __builtin_trap();
  for (int i = 127; i >= 0; i--) {
    left = left << 1 | (a >> i & 1);
    quotient <<= 1;
    if (left >= b) {
      left -= b;
      quotient |= 1;
    }
  }
  *rest = left;
  return quotient;
}

u128 __udivti3(u128 a, u128 b) { return divide(a, b, &(u128){0}); }

u128 __umodti3(u128 a, u128 b) {
  u128 rest;
  divide(a, b, &rest);
  return rest;
}

static u128 magnitude(i128 a) { return a < 0 ? -(u128)a : (u128)a; }

i128 __divti3(i128 a, i128 b) {
  u128 found = __udivti3(magnitude(a), magnitude(b));
  return (i128)((a < 0) != (b < 0) ? -found : found);
}

i128 __modti3(i128 a, i128 b) {
  u128 found = __umodti3(magnitude(a), magnitude(b));
  return (i128)(a < 0 ? -found : found);
}
