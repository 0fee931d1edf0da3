/* Numbers in texts. */
#ifndef TB_DIGITS_H
#define TB_DIGITS_H
#include <stdint.h>

/* The value of a digit or letter, 36 and more for anything else. */
static inline unsigned digit_of(unsigned char c) {
  if (c - '0' < 10u) return c - '0';
  return (c | 32u) - 'a' < 26u ? (c | 32u) - 'a' + 10 : 36;
}

/* The beginning of an integer: sign and base. text: behind blanks, sign and prefix afterwards; base: found,
 * where it was 0. */
const char *__tb_integer_begin(const char *text, int *base, int *negative);

/* A floating-point format: bits of its mantissa, smallest exponent of a number with all of them, largest
 * exponent, of numbers m with 1 <= m < 2. */
struct tb_format {
  int bits, least, most;
};
/* The number in a text, as this format has it without sign; where it ends; its sign; whether it was too large
 * or too small. */
uint64_t __tb_read_float(const char *text, const char **end, const struct tb_format *format, int *negative,
                         int *range);

#endif
