#include "tb_format.h"

int __tb_format_long(struct tb_out *out, const char *format, va_list arguments) {
  return __tb_format(out, format, arguments);
}

void __tb_convert_long(struct tb_out *out, const struct tb_conversion *how, struct tb_arguments *arguments) {
  char digits[24], *end = digits + sizeof digits, *at = end;
  unsigned long long value = va_arg(arguments->list, unsigned long long);
  int negative = (how->letter == 'd' || how->letter == 'i') && (long long)value < 0;
  if (negative) value = -value;
  unsigned base = how->letter == 'o' ? 8 : (how->letter | 32) == 'x' ? 16 : 10;
  unsigned ten = how->letter == 'X' ? 'A' - 10 : 'a' - 10;
  do {
    unsigned digit = (unsigned)(value % base);
    *--at = (char)(digit + (digit < 10 ? '0' : ten));
    value /= base;
  } while (value);
  __tb_out_digits(out, how, at, end, negative);
}
