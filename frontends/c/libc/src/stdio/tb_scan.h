/* scanf: the conversions. */
#ifndef TB_SCAN_H
#define TB_SCAN_H
#include <stdarg.h>
#include "tb_file.h"

/* Where text comes from: a stream, or memory at `from`. read: bytes taken so far. */
struct tb_in {
  FILE *file;
  const char *from;
  int read;
};

/* Bytes of a number that are looked at, at most. */
#define TB_NUMBER 1100

int __tb_next(struct tb_in *in);
void __tb_back(struct tb_in *in, int c);

int __tb_scan(struct tb_in *in, const char *format, va_list arguments);
int __tb_scan_long(struct tb_in *in, const char *format, va_list arguments);
int __tb_scan_all(struct tb_in *in, const char *format, va_list arguments);

/* The number in a text into an object of 64 bits. */
void __tb_store_long(const char *text, int base, void *to);
/* A floating-point number: taken from the input and put into an object, of a float, or of a double; whether
 * there was one, and to: NULL for nowhere. Bytes at most: width. */
int __tb_scan_double(struct tb_in *in, int width, int is_double, void *to);

#endif
