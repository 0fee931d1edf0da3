/* Formatting of everything. */
#include "tb_format.h"

#undef printf
#undef fprintf
#undef sprintf
#undef snprintf

int printf(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.file = stdout};
  int count = __tb_format_all(&out, format, arguments);
  va_end(arguments);
  return count;
}

int fprintf(FILE *restrict file, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.file = file};
  int count = __tb_format_all(&out, format, arguments);
  va_end(arguments);
  return count;
}

int sprintf(char *restrict to, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.at = to, .end = (char *)UINTPTR_MAX};
  int count = __tb_format_all(&out, format, arguments);
  va_end(arguments);
  *out.at = 0;
  return count;
}

int snprintf(char *restrict to, size_t size, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_out out = {.at = to, .end = size ? to + size - 1 : to};
  int count = __tb_format_all(&out, format, arguments);
  va_end(arguments);
  if (size) *out.at = 0;
  return count;
}

int vfprintf(FILE *restrict file, const char *restrict format, va_list arguments) {
  struct tb_out out = {.file = file};
  return __tb_format_all(&out, format, arguments);
}

int vprintf(const char *restrict format, va_list arguments) { return vfprintf(stdout, format, arguments); }

int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list arguments) {
  struct tb_out out = {.at = to, .end = size ? to + size - 1 : to};
  int count = __tb_format_all(&out, format, arguments);
  if (size) *out.at = 0;
  return count;
}

int vsprintf(char *restrict to, const char *restrict format, va_list arguments) {
  struct tb_out out = {.at = to, .end = (char *)UINTPTR_MAX};
  int count = __tb_format_all(&out, format, arguments);
  *out.at = 0;
  return count;
}
