#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include "tb_digits.h"

static unsigned long magnitude(const char *text, char **end, int base, int *negative, int *range) {
  if (base < 0 || base == 1 || base > 36) {
    errno = EINVAL;
    if (end) *end = (char *)text;
    return 0;
  }
  const char *digits = __tb_integer_begin(text, &base, negative), *at = digits;
  unsigned long found = 0;
  for (unsigned digit; (digit = digit_of((unsigned char)*at)) < (unsigned)base; at++) {
    if (found > (ULONG_MAX - digit) / (unsigned)base) *range = 1;
    found = found * (unsigned)base + digit;
  }
  if (end) *end = (char *)(at == digits ? text : at);
  return found;
}

long strtol(const char *restrict text, char **restrict end, int base) {
  int negative = 0, range = 0;
  unsigned long found = magnitude(text, end, base, &negative, &range);
  if (range || found > (unsigned long)LONG_MAX + (unsigned)negative) {
    errno = ERANGE;
    return negative ? LONG_MIN : LONG_MAX;
  }
  return (long)(negative ? -found : found);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base) {
  int negative = 0, range = 0;
  unsigned long found = magnitude(text, end, base, &negative, &range);
  if (range) {
    errno = ERANGE;
    return ULONG_MAX;
  }
  return negative ? -found : found;
}

int atoi(const char *text) { return (int)strtol(text, NULL, 10); }
long atol(const char *text) { return strtol(text, NULL, 10); }
