/* The same, and integers of 64 bits. */
#include "tb_format.h"

#undef printf
#undef fprintf
#undef sprintf
#undef snprintf

int __tb_printf_long(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.file = stdout};
  int count = __tb_format_long(&out, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_fprintf_long(FILE *restrict file, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.file = file};
  int count = __tb_format_long(&out, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_sprintf_long(char *restrict to, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.at = to, .end = (char *)UINTPTR_MAX};
  int count = __tb_format_long(&out, format, arguments);
  va_end(arguments);
  *out.at = 0;
  return count;
}

int __tb_snprintf_long(char *restrict to, size_t size, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.at = to, .end = size ? to + size - 1 : to};
  int count = __tb_format_long(&out, format, arguments);
  va_end(arguments);
  if (size) *out.at = 0;
  return count;
}
