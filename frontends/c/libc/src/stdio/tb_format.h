/* printf: the conversions. */
#ifndef TB_FORMAT_H
#define TB_FORMAT_H
#include <stdarg.h>
#include "tb_file.h"

enum { LEFT = 1, PLUS = 2, SPACE = 4, ALTERNATE = 8, ZEROS = 16 };
enum { OF_INT, OF_CHAR, OF_SHORT, OF_LONG, OF_LONG_LONG, OF_LONG_DOUBLE };

/* Where formatted text goes: to a stream, or into memory from `at` up to `end`, beyond which it is only
 * counted. */
struct tb_out {
  FILE *file;
  char *at, *end;
  unsigned count;
};

/* A conversion. precision: -1 for none. */
struct tb_conversion {
  unsigned flags;
  int width, precision;
  unsigned char length;
  char letter;
};

/* The va_list goes by its address, so that whoever takes an argument moves it on. */
struct tb_arguments {
  va_list list;
};

void __tb_out(struct tb_out *out, const char *from, size_t size);
void __tb_out_many(struct tb_out *out, char byte, int count);
/* An integer's digits, which precede `end`, with what stands before them: padded as the conversion says. */
void __tb_out_digits(struct tb_out *out, const struct tb_conversion *how, const char *digits, const char *end,
                     int negative);
/* All of a format; the number of bytes, or -1 where they are more than an int has or a stream failed. */
int __tb_format(struct tb_out *out, const char *format, va_list arguments);
/* The same, with integers of 64 bits; and with these and floating-point numbers. */
int __tb_format_long(struct tb_out *out, const char *format, va_list arguments);
int __tb_format_all(struct tb_out *out, const char *format, va_list arguments);

/* One conversion; there only with those. */
void __tb_convert_long(struct tb_out *out, const struct tb_conversion *how, struct tb_arguments *arguments);
void __tb_convert_double(struct tb_out *out, const struct tb_conversion *how, struct tb_arguments *arguments);

#endif
