#include <stdlib.h>
#include <string.h>
#include "tb_scan.h"

int __tb_scan_long(struct tb_in *in, const char *format, va_list arguments) {
  return __tb_scan(in, format, arguments);
}

/* base: negative for a number without sign. */
void __tb_store_long(const char *text, int base, void *to) {
  unsigned long long value =
      base < 0 ? strtoull(text, NULL, -base) : (unsigned long long)strtoll(text, NULL, base);
  memcpy(to, &value, sizeof value);
}
