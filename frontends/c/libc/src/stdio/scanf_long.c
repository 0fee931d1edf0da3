/* The same, and integers of 64 bits. */
#include "tb_scan.h"

#undef scanf
#undef fscanf
#undef sscanf

int __tb_scanf_long(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = stdin};
  int count = __tb_scan_long(&in, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_fscanf_long(FILE *restrict file, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = file};
  int count = __tb_scan_long(&in, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_sscanf_long(const char *restrict from, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.from = from};
  int count = __tb_scan_long(&in, format, arguments);
  va_end(arguments);
  return count;
}
