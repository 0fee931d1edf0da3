#include "tb_scan.h"
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define INTEGER 80 /* beyond as many digits every integer is too large */

enum { OF_INT, OF_CHAR, OF_SHORT, OF_LONG, OF_LONG_LONG };

UNLESS_NEEDED void __tb_store_long(const char *text, int base, void *to) { (void)text, (void)base, (void)to; }

UNLESS_NEEDED int __tb_scan_double(struct tb_in *in, int width, int is_double, void *to) {
  (void)in, (void)width, (void)is_double, (void)to;
  return 0;
}

int __tb_next(struct tb_in *in) {
  int c = in->file ? __tb_read(in->file) : *in->from ? (unsigned char)*in->from++ : EOF;
  in->read += c != EOF;
  return c;
}

void __tb_back(struct tb_in *in, int c) {
  if (c == EOF) return;
  in->read--;
  if (in->file) ungetc(c, in->file);
  else in->from--;
}

static int after_blanks(struct tb_in *in) {
  int c;
  do c = __tb_next(in);
  while (isspace(c));
  return c;
}

static void store(const char *text, int base, int negative_allowed, int length, void *to) {
  if (length == OF_LONG_LONG) {
    __tb_store_long(text, negative_allowed ? base : -base, to);
    return;
  }
  unsigned long value =
      negative_allowed ? (unsigned long)strtol(text, NULL, base) : strtoul(text, NULL, base);
  memcpy(to, &value, length == OF_CHAR ? 1 : length == OF_SHORT ? 2 : 4);
}

static int in_base(int c, int base) {
  if (base == 16) return isxdigit(c);
  return c >= '0' && c < '0' + base;
}

/* An integer's text; its base, where it was 0; 0 for none. */
static int read_integer(struct tb_in *in, int *base, int width, char *text) {
  char *at = text, *last = text + INTEGER;
  int digits = 0, c = after_blanks(in);
  if (width > 0 && (c == '-' || c == '+')) *at++ = (char)c, width--, c = __tb_next(in);
  if (width > 0 && c == '0' && (*base == 0 || *base == 16)) {
    *at++ = '0', digits = 1, width--, c = __tb_next(in);
    if (width > 0 && (c | 32) == 'x') *base = 16, digits = 0, width--, c = __tb_next(in);
    else if (!*base) *base = 8;
  }
  if (!*base) *base = 10;
  for (; width > 0 && in_base(c, *base); width--, c = __tb_next(in)) {
    digits = 1;
    if (at < last) *at++ = (char)c;
  }
  __tb_back(in, c);
  *at = 0;
  return digits;
}

/* Whether a byte is in the set that stands between the brackets of a format. */
static int among(const unsigned char *set, const unsigned char *end, int c) {
  int not = *set == '^', found = 0;
  set += not;
  for (const unsigned char *at = set; at < end; at++) {
    if (at + 2 < end && at[1] == '-') {
      found |= at[0] <= c && c <= at[2];
      at += 2;
    } else {
      found |= *at == c;
    }
  }
  return found != not;
}

/* %s, %c, %[: as many bytes as fit it. */
static int read_text(struct tb_in *in, char letter, const char *set, const char *end, int width, char *to) {
  int count = 0, c = letter == 's' ? after_blanks(in) : __tb_next(in);
  for (; c != EOF && count < width; c = __tb_next(in)) {
    if (letter == 's' && isspace(c)) break;
    if (letter == '[' && !among((const unsigned char *)set, (const unsigned char *)end, c)) break;
    if (to) to[count] = (char)c;
    if (++count == width) return count; /* nothing more is looked at */
  }
  __tb_back(in, c);
  return letter == 'c' ? 0 : count;
}

int __tb_scan(struct tb_in *in, const char *format, va_list list) {
  va_list arguments;
  int done = 0, c;
  va_copy(arguments, list);
  for (; *format; format++) {
    if (isspace((unsigned char)*format)) {
      __tb_back(in, after_blanks(in));
      continue;
    }
    if (*format != '%' || *++format == '%') {
      c = *format == '%' ? after_blanks(in) : __tb_next(in);
      if (c == (unsigned char)*format) continue;
      __tb_back(in, c);
      if (c == EOF) goto ended;
      break;
    }
    int silent = *format == '*', width = 0, length = OF_INT;
    format += silent;
    for (; isdigit((unsigned char)*format); format++)
      width = width < 0x7000000 ? width * 10 + (*format - '0') : width;
    switch (*format) {
      case 'h': length = *++format == 'h' ? (format++, OF_CHAR) : OF_SHORT; break;
      case 'l': length = *++format == 'l' ? (format++, OF_LONG_LONG) : OF_LONG; break;
      case 'j': length = OF_LONG_LONG, format++; break;
      case 'z':
      case 't':
      case 'L': length = OF_LONG, format++; break;
      default: break;
    }
    char letter = *format;
    const char *set = format + 1;
    if (letter == '[') {
      format = set + (*set == '^');
      if (*format == ']') format++;
      while (*format && *format != ']') format++;
    }
    if (!*format) break;
    void *to = silent ? NULL : va_arg(arguments, void *);
    if (letter == 'n') {
      if (to) memcpy(to, &in->read, length == OF_CHAR ? 1 : length == OF_SHORT ? 2 : 4);
      if (to && length == OF_LONG_LONG) memset((char *)to + 4, 0, 4);
      continue;
    }
    c = letter == 'c' || letter == '[' ? __tb_next(in) : after_blanks(in);
    if (c == EOF) goto ended;
    __tb_back(in, c);
    int fits = 0;
    char text[INTEGER + 2];
    if (letter == 's' || letter == 'c' || letter == '[') {
      int count = read_text(in, letter, set, format, width ? width : letter == 'c' ? 1 : INT_MAX, to);
      fits = count > 0;
      if (fits && to && letter != 'c') ((char *)to)[count] = 0;
    } else if (strchr("diouxXp", letter)) {
      int base = letter == 'd' || letter == 'u' ? 10 : letter == 'i' ? 0 : letter == 'o' ? 8 : 16;
      fits = read_integer(in, &base, width ? width : INT_MAX, text);
      if (fits && to) store(text, base, letter == 'd' || letter == 'i', length, to);
    } else if (strchr("aAeEfFgG", letter)) {
      fits = __tb_scan_double(in, width ? width : INT_MAX, length == OF_LONG, to);
    }
    if (!fits) break;
    done += !silent;
  }
  va_end(arguments);
  return done;
ended:
  va_end(arguments);
  return done ? done : EOF;
}
