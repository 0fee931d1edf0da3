/* Library `object.string.float`: Float.parseFloat and Double.parseDouble.
 *
 * Exact, with integers of as many limbs as it takes (Clinger, "How to read floating point numbers accurately",
 * 1990, AlgorithmM): the number is numerator / denominator * 2**exponent; both are doubled until the quotient
 * is from 1 to below 2, or the exponent is the least one; then long division gives the bits, and the rest says
 * how to round. Small, not fast.
 *
 * Numbers halfway between two binary64 have at most 767 digits, so of more it only matters whether one is not
 * 0: one digit stands for them. */
#include "tb_string.h"

enum { DIGITS = 770, HEX_DIGITS = 20, LIMBS = 144 };

/* x = x * factor + carry */
static TB_NOINLINE void tb_float_grow(u32 *x, u32 limbs, u32 factor, u32 carry) {
  u64 rest = carry;
  for (u32 i = 0; i < limbs; i++) {
    rest += (u64)x[i] * factor;
    x[i] = (u32)rest;
    rest >>= 32;
  }
}

static u32 tb_float_less(const u32 *a, const u32 *b, u32 limbs) {
  while (limbs--)
    if (a[limbs] != b[limbs]) return a[limbs] < b[limbs];
  return 0;
}

/* a = a - b where that is not negative, which is the result. */
static TB_NOINLINE u32 tb_float_take(u32 *a, const u32 *b, u32 limbs) {
  if (tb_float_less(a, b, limbs)) return 0;
  u64 borrow = 0;
  for (u32 i = 0; i < limbs; i++) {
    borrow = (u64)a[i] - b[i] - borrow;
    a[i] = (u32)borrow;
    borrow = borrow >> 63;
  }
  return 1;
}

/* The bits of the number nearest to n / d * 2**exponent, which is not 0; of two the even one. */
static u64 tb_float_nearest(u32 *n, u32 *d, u32 limbs, s32 exponent, u32 exponent_bits, u32 fraction_bits) {
  s32 least = 2 - (1 << (exponent_bits - 1));
  u64 infinity = (((u64)1 << exponent_bits) - 1) << fraction_bits, mantissa = 0;
  for (; exponent > least && tb_float_less(n, d, limbs); exponent--) tb_float_grow(n, limbs, 2, 0);
  for (;; exponent++) {
    tb_float_grow(d, limbs, 2, 0);
    if (exponent >= least && tb_float_less(n, d, limbs)) break;
  }
  tb_float_grow(n, limbs, 2, 0);
  if (exponent > 1 - least) return infinity;
  for (u32 i = 0; i <= fraction_bits; i++) {
    mantissa = 2 * mantissa + tb_float_take(n, d, limbs);
    tb_float_grow(n, limbs, 2, 0);
  }
  if (tb_float_take(n, d, limbs)) {
    u32 rest = 0;
    for (u32 i = 0; i < limbs; i++) rest |= n[i];
    mantissa += rest || (mantissa & 1);
  }
  /* The mantissa's first bit, or what rounding carries, adds 1 to the exponent. */
  return ((u64)(u32)(exponent - least) << fraction_bits) + mantissa;
}

struct tb_float_cursor {
  struct tb_text text;
  u32 at, end;
};

/* The unit at the cursor, letters in lower case; something else at the end. */
static TB_NOINLINE u32 tb_float_peek(const struct tb_float_cursor *c) {
  if (c->at >= c->end) return ~0u;
  u32 unit = tb_text_unit(&c->text, c->at);
  return unit - 'A' < 26 ? unit + 32 : unit;
}

static u32 tb_float_accept(struct tb_float_cursor *c, u32 a, u32 b) {
  u32 unit = tb_float_peek(c);
  if (unit != a && unit != b) return 0;
  c->at++;
  return unit;
}

static u32 tb_float_is(const struct tb_float_cursor *c, const char *word) {
  u32 at = c->at;
  for (; *word; word++, at++)
    if (at == c->end || tb_text_unit(&c->text, at) != (u8)*word) return 0;
  return at == c->end;
}

/* 0, or 1 where the text is no number. */
static u32 tb_float_parse(struct tb_text text, u32 exponent_bits, u32 fraction_bits, u64 *result) {
  struct tb_float_cursor c = {text, 0, text.length};
  while (c.at < c.end && tb_text_unit(&text, c.at) <= ' ') c.at++;
  while (c.at < c.end && tb_text_unit(&text, c.end - 1) <= ' ') c.end--;
  u64 sign = (u64)(tb_float_accept(&c, '-', '+') == '-') << (exponent_bits + fraction_bits);
  u64 infinity = (((u64)1 << exponent_bits) - 1) << fraction_bits;
  *result = infinity | (u64)1 << (fraction_bits - 1);
  if (tb_float_is(&c, "NaN")) return 0;
  *result = sign | infinity;
  if (tb_float_is(&c, "Infinity")) return 0;

  u32 n[LIMBS] = {0}, d[LIMBS] = {1};
  u32 base = 10, most = DIGITS, any = 0, kept = 0, more = 0, point = 0;
  s64 scale = 0, power = 0; /* n * base**scale * (10 or 2)**power */
  if (tb_float_accept(&c, '0', '0')) {
    if (tb_float_accept(&c, 'x', 'x'))
      base = 16, most = HEX_DIGITS;
    else
      any = 1;
  }
  for (;; c.at++) {
    u32 digit = tb_float_peek(&c);
    if (digit == '.' && !point) {
      point = 1;
      continue;
    }
    digit -= digit - 'a' < 6 ? 'a' - 10 : '0';
    if (digit >= base) break;
    any = 1;
    if (kept == most) {
      more |= digit;
      scale += !point;
      continue;
    }
    scale -= point;
    kept += kept || digit;
    tb_float_grow(n, kept / 8 + 1, base, digit);
  }
  if (!any) return 1;
  if (more) {
    tb_float_grow(n, ++kept / 8 + 1, base, 1);
    scale--;
  }
  u32 letter = base == 16 ? 'p' : 'e';
  if (tb_float_accept(&c, letter, letter)) {
    u32 minus = tb_float_accept(&c, '-', '+') == '-', digit;
    for (any = 0; (digit = tb_float_peek(&c) - '0') <= 9; c.at++, any = 1)
      if (power < (s64)1 << 40) power = 10 * power + digit;
    if (!any) return 1;
    if (minus) power = -power;
  } else if (base == 16) {
    return 1;
  }
  if (!tb_float_accept(&c, 'd', 'd')) tb_float_accept(&c, 'f', 'f');
  if (c.at != c.end) return 1;

  power += base == 16 ? 4 * scale : scale;
  s64 size = power + (s64)(base == 16 ? 4 * kept : kept); /* the number is below (10 or 2)**size */
  *result = sign;
  if (!kept || size < (base == 16 ? -1100 : -330)) return 0;
  *result = sign | infinity;
  if (size > (base == 16 ? 1100 : 320)) return 0;
  u32 limbs = 48; /* of a hexadecimal number: 84 bits, and the distance to the least exponent */
  if (base == 10) {
    u32 *scaled = power > 0 ? n : d;
    u32 steps = (u32)(power > 0 ? power : -power);
    limbs = (power > 0 ? (u32)size : kept > steps ? kept : steps) / 8 + 3; /* a digit has less than 4 bits */
    for (; steps; steps--) tb_float_grow(scaled, limbs, 10, 0);
    power = 0;
  }
  *result = sign | tb_float_nearest(n, d, limbs, (s32)power, exponent_bits, fraction_bits);
  return 0;
}

u32 tb_string_to_float(struct tb_context *cx, tb_ref a, u32 bits, u64 *result) {
  u32 single = bits == 32;
  return tb_float_parse(tb_string_text(cx, a), single ? 8 : 11, single ? 23 : 52, result);
}

u32 tb_string_is_float(struct tb_context *cx, tb_ref a) {
  u64 ignored;
  return a && !tb_float_parse(tb_string_text(cx, a), 8, 23, &ignored);
}
