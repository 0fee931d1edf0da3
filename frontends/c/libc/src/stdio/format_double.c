/* Floating-point conversions, exact: all digits of the number are made, then rounded in decimal, ties to
 * even. */
#include <stdint.h>
#include <string.h>
#include "tb_format.h"

#define LIMB 1000000000u
#define LIMBS 90
#define DIGITS (LIMBS * 9)

/* 0.d1d2d3... times 10^point, with count digits; none for zero. */
struct digits {
  char digit[DIGITS];
  int count, point;
};

int __tb_format_all(struct tb_out *out, const char *format, va_list arguments) {
  return __tb_format_long(out, format, arguments);
}

static int multiplied(uint32_t *limbs, int count, uint32_t by) {
  uint64_t carry = 0;
  for (int i = 0; i < count; i++) {
    carry += (uint64_t)limbs[i] * by;
    limbs[i] = (uint32_t)(carry % LIMB);
    carry /= LIMB;
  }
  if (carry) limbs[count++] = (uint32_t)carry;
  return count;
}

/* All digits of mantissa * 2^exponent: those of the integer mantissa * 5^-exponent where the exponent is
 * negative. */
static void digits_of(struct digits *found, uint64_t mantissa, int exponent) {
  uint32_t limbs[LIMBS];
  int count = 0;
  found->count = found->point = 0;
  if (!mantissa) return;
  int zeros = __builtin_ctzll(mantissa);
  mantissa >>= zeros;
  exponent += zeros;
  for (; mantissa; mantissa /= LIMB) limbs[count++] = (uint32_t)(mantissa % LIMB);
  for (int left = exponent; left > 0;) {
    int by = left < 29 ? left : 29;
    count = multiplied(limbs, count, 1u << by);
    left -= by;
  }
  for (int left = -exponent; left > 0; left--) {
    uint32_t by = 5;
    for (; left > 1 && by < LIMB / 5; left--) by *= 5;
    count = multiplied(limbs, count, by);
  }
  for (int i = count; i-- > 0;)
    for (uint32_t unit = LIMB / 10, rest = limbs[i]; unit; unit /= 10) {
      char digit = (char)(rest / unit);
      rest %= unit;
      if (digit || found->count) found->digit[found->count++] = digit;
    }
  found->point = found->count + (exponent < 0 ? exponent : 0);
}

/* Round to so many digits. */
static void round_to(struct digits *x, int keep) {
  if (keep >= x->count) return;
  int up = 0;
  if (keep >= 0) {
    int rest = x->digit[keep] - 5;
    for (int i = keep + 1; !rest && i < x->count; i++) rest = x->digit[i];
    up = rest > 0 || (!rest && keep > 0 && x->digit[keep - 1] & 1);
  }
  x->count = keep > 0 ? keep : 0;
  if (!up) return;
  for (int i = x->count; i-- > 0; x->count--)
    if (x->digit[i] < 9) {
      x->digit[i]++;
      return;
    }
  x->digit[x->count++] = 1; /* all were nines */
  x->point++;
}

static char digit_at(const struct digits *x, int i) {
  return i >= 0 && i < x->count ? (char)('0' + x->digit[i]) : '0';
}

static void out_digits(struct tb_out *out, const struct digits *x, int from, int to) {
  for (; from < to; from++) {
    char c = digit_at(x, from);
    __tb_out(out, &c, 1);
  }
}

/* An exponent, with its letter and at least so many digits; at the end of a buffer. */
static char *exponent_text(char *end, int exponent, char letter, int least) {
  unsigned left = (unsigned)(exponent < 0 ? -exponent : exponent);
  for (; left || least > 0; left /= 10, least--) *--end = (char)('0' + left % 10);
  *--end = exponent < 0 ? '-' : '+';
  *--end = letter;
  return end;
}

/* What stands around a number's digits: sign and 0x, blanks and zeros up to the width. */
struct frame {
  char before[4];
  int count, blanks, zeros;
};

static void open_frame(struct tb_out *out, const struct tb_conversion *how, struct frame *frame, int length) {
  int space = how->width - frame->count - length;
  frame->zeros = how->flags & ZEROS && !(how->flags & LEFT) && space > 0 ? space : 0;
  frame->blanks = frame->zeros || space < 0 ? 0 : space;
  if (!(how->flags & LEFT)) __tb_out_many(out, ' ', frame->blanks);
  __tb_out(out, frame->before, (size_t)frame->count);
  __tb_out_many(out, '0', frame->zeros);
}

static void close_frame(struct tb_out *out, const struct tb_conversion *how, const struct frame *frame) {
  if (how->flags & LEFT) __tb_out_many(out, ' ', frame->blanks);
}

static void out_decimal(struct tb_out *out, const struct tb_conversion *how, struct frame *frame,
                        uint64_t mantissa, int exponent) {
  struct digits x;
  char letter = how->letter | 32, buffer[8], *end = buffer + sizeof buffer, *power = end;
  int precision = how->precision < 0 ? 6 : how->precision, places = precision, scientific = letter == 'e';
  digits_of(&x, mantissa, exponent);
  if (letter == 'g') {
    if (!precision) precision = 1;
    round_to(&x, precision);
    int shown = x.count ? x.point - 1 : 0;
    scientific = shown < -4 || shown >= precision;
    places = scientific ? precision - 1 : precision - 1 - shown;
    if (!(how->flags & ALTERNATE)) {
      while (x.count && !x.digit[x.count - 1]) x.count--;
      int used = x.count - (scientific ? 1 : x.count ? x.point : 1);
      if (used < 0) used = 0;
      if (used < places) places = used;
    }
  } else {
    round_to(&x, scientific ? precision + 1 : x.point + precision);
  }
  int whole = scientific ? 1 : x.count && x.point > 0 ? x.point : 1;
  int start = scientific ? 0 : x.count ? x.point - whole : -1; /* of the first digit that is shown */
  int dot = places || how->flags & ALTERNATE;
  if (scientific)
    power = exponent_text(end, x.count ? x.point - 1 : 0, (char)(how->letter - letter + 'e'), 2);
  open_frame(out, how, frame, whole + dot + places + (int)(end - power));
  out_digits(out, &x, start, start + whole);
  if (dot) __tb_out(out, ".", 1);
  out_digits(out, &x, start + whole, start + whole + places);
  __tb_out(out, power, (size_t)(end - power));
  close_frame(out, how, frame);
}

static void out_hexadecimal(struct tb_out *out, const struct tb_conversion *how, struct frame *frame,
                            uint64_t mantissa, int exponent) {
  char text[16], buffer[8], *end = buffer + sizeof buffer;
  const char *letters = how->letter == 'A' ? "0123456789ABCDEF" : "0123456789abcdef";
  int shown = 13;
  if (how->precision >= 0 && how->precision < 13) { /* bits behind the last digit: rounded off */
    int cut = 4 * (13 - how->precision);
    uint64_t rest = mantissa & ((1ull << cut) - 1), half = 1ull << (cut - 1);
    mantissa = (mantissa >> cut) + (rest > half || (rest == half && mantissa >> cut & 1));
    mantissa <<= cut;
  }
  for (int i = 13; i >= 0; i--, mantissa >>= 4) text[i] = letters[mantissa & 15];
  if (how->precision < 0)
    while (shown && text[shown] == '0') shown--;
  else shown = how->precision < 13 ? how->precision : 13;
  int more = how->precision > 13 ? how->precision - 13 : 0, dot = shown + more || how->flags & ALTERNATE;
  char *power = exponent_text(end, exponent, how->letter == 'A' ? 'P' : 'p', 1);
  frame->before[frame->count++] = '0';
  frame->before[frame->count++] = how->letter == 'A' ? 'X' : 'x';
  open_frame(out, how, frame, 1 + dot + shown + more + (int)(end - power));
  __tb_out(out, text, 1);
  if (dot) __tb_out(out, ".", 1);
  __tb_out(out, text + 1, (size_t)shown);
  __tb_out_many(out, '0', more);
  __tb_out(out, power, (size_t)(end - power));
  close_frame(out, how, frame);
}

void __tb_convert_double(struct tb_out *out, const struct tb_conversion *asked,
                         struct tb_arguments *arguments) {
  struct tb_conversion how = *asked;
  double value = va_arg(arguments->list, double);
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  struct frame frame = {.count = 0};
  uint64_t mantissa = bits & ((1ull << 52) - 1);
  int exponent = bits >> 52 & 0x7ff;
  if (bits >> 63 || how.flags & (PLUS | SPACE))
    frame.before[frame.count++] = bits >> 63 ? '-' : how.flags & PLUS ? '+' : ' ';
  if (exponent == 0x7ff) {
    const char *text = mantissa ? "nan" : "inf";
    if (how.letter < 'a') text = mantissa ? "NAN" : "INF";
    how.flags &= ~(unsigned)ZEROS;
    open_frame(out, &how, &frame, 3);
    __tb_out(out, text, 3);
    close_frame(out, &how, &frame);
    return;
  }
  if (exponent) mantissa |= 1ull << 52;
  else exponent = mantissa ? 1 : (how.letter | 32) == 'a' ? 1023 : 1;
  if ((how.letter | 32) == 'a') out_hexadecimal(out, &how, &frame, mantissa, exponent - 1023);
  else out_decimal(out, &how, &frame, mantissa, exponent - 1075);
}
