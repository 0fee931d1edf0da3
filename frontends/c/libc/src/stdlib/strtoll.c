#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include "tb_digits.h"

static unsigned long long magnitude(const char *text, char **end, int base, int *negative, int *range) {
  if (base < 0 || base == 1 || base > 36) {
    errno = EINVAL;
    if (end) *end = (char *)text;
    return 0;
  }
  const char *digits = __tb_integer_begin(text, &base, negative), *at = digits;
  unsigned long long found = 0;
  for (unsigned digit; (digit = digit_of((unsigned char)*at)) < (unsigned)base; at++) {
    if (found > (ULLONG_MAX - digit) / (unsigned)base) *range = 1;
    found = found * (unsigned)base + digit;
  }
  if (end) *end = (char *)(at == digits ? text : at);
  return found;
}

long long strtoll(const char *restrict text, char **restrict end, int base) {
  int negative = 0, range = 0;
  unsigned long long found = magnitude(text, end, base, &negative, &range);
  if (range || found > (unsigned long long)LLONG_MAX + (unsigned)negative) {
    errno = ERANGE;
    return negative ? LLONG_MIN : LLONG_MAX;
  }
  return (long long)(negative ? -found : found);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base) {
  int negative = 0, range = 0;
  unsigned long long found = magnitude(text, end, base, &negative, &range);
  if (range) {
    errno = ERANGE;
    return ULLONG_MAX;
  }
  return negative ? -found : found;
}

long long atoll(const char *text) { return strtoll(text, NULL, 10); }

intmax_t strtoimax(const char *restrict text, char **restrict end, int base) {
  return strtoll(text, end, base);
}
uintmax_t strtoumax(const char *restrict text, char **restrict end, int base) {
  return strtoull(text, end, base);
}
