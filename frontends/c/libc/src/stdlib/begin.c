#include <ctype.h>
#include "tb_digits.h"

const char *__tb_integer_begin(const char *text, int *base, int *negative) {
  while (isspace((unsigned char)*text)) text++;
  *negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  int prefixed = text[0] == '0' && (text[1] | 32) == 'x' && digit_of((unsigned char)text[2]) < 16;
  if (prefixed && (*base == 0 || *base == 16)) {
    *base = 16;
    return text + 2;
  }
  if (!*base) *base = *text == '0' ? 8 : 10;
  return text;
}
