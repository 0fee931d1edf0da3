/* Reading of integers up to 32 bits, texts and characters. */
#include "tb_scan.h"

#undef scanf
#undef fscanf
#undef sscanf

int __tb_scanf_int(const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = stdin};
  int count = __tb_scan(&in, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_fscanf_int(FILE *restrict file, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.file = file};
  int count = __tb_scan(&in, format, arguments);
  va_end(arguments);
  return count;
}

int __tb_sscanf_int(const char *restrict from, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  struct tb_in in = {.from = from};
  int count = __tb_scan(&in, format, arguments);
  va_end(arguments);
  return count;
}
