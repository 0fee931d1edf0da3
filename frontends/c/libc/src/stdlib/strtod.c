/* Decimal and hexadecimal numbers to floating point, correctly rounded to nearest, ties to even.
 *
 * The decimal is kept exactly, in limbs of nine digits on both sides of its point, and halved or doubled
 * until its integer part has as many bits as the format wants, and some more; what is behind them only has to
 * be known as zero or not. Digits beyond the 800th cannot decide otherwise than by being there: no number
 * halfway between two doubles has more than 768. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tb_digits.h"

#define LIMB 1000000000u
#define SHIFT 29
#define DIGITS 800
#define FRONT 40  /* limbs of the integer part, of up to 311 digits */
#define LIMBS 260 /* all */

/* A number whose integer part is in limbs up to FRONT, the most significant first; those before `from` and
 * from `to` on are zero. */
struct decimal {
  uint32_t limb[LIMBS];
  int from, to, more; /* more: something was cut off */
};

static uint64_t rounded(uint64_t whole, int exponent, int more, const struct tb_format *format, int *range) {
  if (!whole) return 0;
  int length = 64 - __builtin_clzll(whole), top = exponent + length - 1;
  int bits = top < format->least ? format->bits - (format->least - top) : format->bits, cut = length - bits;
  uint64_t mantissa;
  if (bits < 0) {
    mantissa = 0;
  } else if (cut <= 0) {
    mantissa = whole << -cut; /* nothing is behind it: see read_decimal */
  } else {
    uint64_t rest = cut == 64 ? whole : whole & ((1ull << cut) - 1), half = 1ull << (cut - 1);
    mantissa = cut == 64 ? 0 : whole >> cut;
    if (rest > half || (rest == half && (more || (mantissa & 1)))) mantissa++;
    if (rest || more) *range |= top < format->least;
  }
  if (!mantissa) {
    *range = 1;
    return 0;
  }
  /* The mantissa's own leading bit counts as one of the exponent; so does a carry. */
  int biased = top < format->least ? 0 : top - format->least;
  uint64_t found = ((uint64_t)biased << (format->bits - 1)) + mantissa;
  uint64_t infinite = (uint64_t)(format->most - format->least + 2) << (format->bits - 1);
  if (top > format->most || found >= infinite) {
    *range = 1;
    return infinite;
  }
  return found;
}

static void doubled(struct decimal *x, int by) {
  uint64_t carry = 0;
  for (int i = x->to; i-- > x->from || carry;) {
    if (i < x->from) x->from = i;
    carry += (uint64_t)x->limb[i] << by;
    x->limb[i] = (uint32_t)(carry % LIMB);
    carry /= LIMB;
  }
  while (x->to > FRONT && !x->limb[x->to - 1]) x->to--;
}

static void halved(struct decimal *x, int by) {
  uint64_t left = 0;
  for (int i = x->from; i < x->to || left; i++) {
    if (i == LIMBS) {
      x->more = 1;
      break;
    }
    if (i >= x->to) x->limb[x->to++] = 0;
    left = left * LIMB + x->limb[i];
    x->limb[i] = (uint32_t)(left >> by);
    left &= (1u << by) - 1;
  }
  while (x->from < x->to && !x->limb[x->from]) x->from++;
}

/* The integer part, if it is less than 10^18, or that. */
static uint64_t integer(const struct decimal *x) {
  if (x->from < FRONT - 2) return (uint64_t)LIMB * LIMB;
  return (uint64_t)x->limb[FRONT - 2] * LIMB + x->limb[FRONT - 1];
}

static uint64_t from_decimal(struct decimal *x, const struct tb_format *format, int *range) {
  const uint64_t most = (uint64_t)LIMB * LIMB;
  int exponent = 0;
  while (integer(x) >= most) {
    halved(x, SHIFT);
    exponent += SHIFT;
  }
  for (;;) {
    uint64_t whole = integer(x);
    int length = whole ? 64 - __builtin_clzll(whole) : 0;
    if (length >= 57 || (whole == 0 && x->from >= x->to)) break;
    int by = 59 - length < SHIFT ? 59 - length : SHIFT;
    doubled(x, by);
    exponent -= by;
  }
  int more = x->more;
  for (int i = FRONT; i < x->to; i++) more |= x->limb[i] != 0;
  return rounded(integer(x), exponent, more, format, range);
}

/* An exponent behind its letter; text unchanged where there is none. */
static const char *read_exponent(const char *text, char letter, long *exponent) {
  if ((*text | 32) != letter) return text;
  const char *at = text + 1;
  int negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  if (!isdigit((unsigned char)*at)) return text;
  long found = 0;
  for (; isdigit((unsigned char)*at); at++)
    if (found < 100000000) found = found * 10 + (*at - '0');
  *exponent += negative ? -found : found;
  return at;
}

static const char *read_decimal(const char *text, const struct tb_format *format, uint64_t *found,
                                int *range) {
  char digits[DIGITS + 1];
  int count = 0, any = 0, dot = 0, more = 0;
  long point = 0;
  const char *at = text;
  for (;; at++) {
    if (*at == '.' && !dot) {
      dot = 1;
      continue;
    }
    if (!isdigit((unsigned char)*at)) break;
    any = 1;
    if (count || *at != '0') {
      if (count < DIGITS) digits[count++] = *at - '0';
      else more |= *at != '0';
      point += !dot;
    } else {
      point -= dot;
    }
  }
  *found = 0;
  if (!any) return NULL;
  at = read_exponent(at, 'e', &point);
  if (!count) return at;
  if (point > 310 || point < -345) { /* beyond all formats */
    *range = 1;
    if (point > 0) *found = (uint64_t)(format->most - format->least + 2) << (format->bits - 1);
    return at;
  }
  if (more) digits[count++] = 1;
  struct decimal x = {.more = 0};
  memset(x.limb, 0, sizeof x.limb);
  /* The first digit's place, counted from the first of limb 0. */
  int place = FRONT * 9 - (int)point;
  x.from = place / 9;
  for (int i = 0; i < count; i++, place++) {
    if (place % 9 == 0 || i == 0) x.limb[place / 9] = 0;
    x.limb[place / 9] = x.limb[place / 9] * 10 + (uint32_t)digits[i];
  }
  x.to = (place + 8) / 9;
  for (; place % 9; place++) x.limb[place / 9] *= 10;
  if (x.to < FRONT) x.to = FRONT;
  *found = from_decimal(&x, format, range);
  return at;
}

static const char *read_hexadecimal(const char *text, const struct tb_format *format, uint64_t *found,
                                    int *range) {
  uint64_t whole = 0;
  long exponent = 0, shifted = 0;
  int any = 0, dot = 0, more = 0;
  const char *at = text;
  for (;; at++) {
    if (*at == '.' && !dot) {
      dot = 1;
      continue;
    }
    unsigned digit = digit_of((unsigned char)*at);
    if (digit > 15) break;
    any = 1;
    if (whole >> 60) {
      more |= digit != 0;
      shifted += dot ? 0 : 4;
    } else {
      whole = whole << 4 | digit;
      shifted -= dot ? 4 : 0;
    }
  }
  *found = 0;
  if (!any) return NULL;
  at = read_exponent(at, 'p', &exponent);
  exponent += shifted;
  if (whole) {
    exponent = exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : exponent;
    if (whole >> 58 == 0) whole <<= 4, exponent -= 4; /* more bits than any format has */
    while (whole >> 58 == 0) whole <<= 1, exponent--;
    *found = rounded(whole, (int)exponent, more, format, range);
  }
  return at;
}

static const char *begins(const char *text, const char *word) {
  for (; *word; text++, word++)
    if ((*text | 32) != *word) return NULL;
  return text;
}

uint64_t __tb_read_float(const char *text, const char **end, const struct tb_format *format, int *negative,
                         int *range) {
  const uint64_t infinite = (uint64_t)(format->most - format->least + 2) << (format->bits - 1);
  const char *at = text, *next;
  uint64_t found = 0;
  *range = 0;
  while (isspace((unsigned char)*at)) at++;
  *negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  if ((next = begins(at, "inf"))) {
    const char *whole = begins(next, "inity");
    *end = whole ? whole : next;
    return infinite;
  }
  if ((next = begins(at, "nan"))) {
    *end = next;
    if (*next == '(') {
      while (isalnum((unsigned char)*++next) || *next == '_') {
      }
      if (*next == ')') *end = next + 1;
    }
    return infinite | 1ull << (format->bits - 2);
  }
  next = NULL;
  if (at[0] == '0' && (at[1] | 32) == 'x') next = read_hexadecimal(at + 2, format, &found, range);
  if (!next) next = read_decimal(at, format, &found, range);
  *end = next ? next : text;
  if (!next) *negative = 0;
  return found;
}

static const struct tb_format f64 = {53, -1022, 1023}, f32 = {24, -126, 127};

double strtod(const char *restrict text, char **restrict end) {
  int negative, range;
  const char *behind;
  uint64_t bits = __tb_read_float(text, &behind, &f64, &negative, &range) | (uint64_t)negative << 63;
  double found;
  memcpy(&found, &bits, sizeof found);
  if (end) *end = (char *)behind;
  if (range) errno = ERANGE;
  return found;
}

float strtof(const char *restrict text, char **restrict end) {
  int negative, range;
  const char *behind;
  uint32_t bits = (uint32_t)__tb_read_float(text, &behind, &f32, &negative, &range) | (uint32_t)negative
                                                                                          << 31;
  float found;
  memcpy(&found, &bits, sizeof found);
  if (end) *end = (char *)behind;
  if (range) errno = ERANGE;
  return found;
}

long double strtold(const char *restrict text, char **restrict end) { return strtod(text, end); }
double atof(const char *text) { return strtod(text, NULL); }
