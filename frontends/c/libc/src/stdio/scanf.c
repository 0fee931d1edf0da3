/* Reading of everything. */
#include "tb_scan.h"

#undef scanf
#undef fscanf
#undef sscanf

int scanf(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = stdin};
  int count = __tb_scan_all(&in, format, arguments);
  va_end(arguments);
  return count;
}

int fscanf(FILE *restrict file, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = file};
  int count = __tb_scan_all(&in, format, arguments);
  va_end(arguments);
  return count;
}

int sscanf(const char *restrict from, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.from = from};
  int count = __tb_scan_all(&in, format, arguments);
  va_end(arguments);
  return count;
}

int vfscanf(FILE *restrict file, const char *restrict format, va_list arguments) {
  struct tb_in in = {.file = file};
  return __tb_scan_all(&in, format, arguments);
}

int vscanf(const char *restrict format, va_list arguments) { return vfscanf(stdin, format, arguments); }

int vsscanf(const char *restrict from, const char *restrict format, va_list arguments) {
  struct tb_in in = {.from = from};
  return __tb_scan_all(&in, format, arguments);
}
