#include "tb_format.h"
#include <limits.h>
#include <stddef.h>
#include <string.h>

UNLESS_NEEDED void __tb_convert_long(struct tb_out *out, const struct tb_conversion *how,
                                     struct tb_arguments *arguments) {
  (void)out, (void)how;
  (void)va_arg(arguments->list, long long);
}

UNLESS_NEEDED void __tb_convert_double(struct tb_out *out, const struct tb_conversion *how,
                                       struct tb_arguments *arguments) {
  (void)out, (void)how;
  (void)va_arg(arguments->list, long long); /* as many bytes, and no floating point */
}

void __tb_out(struct tb_out *out, const char *from, size_t size) {
  out->count = out->count + size < size ? UINT_MAX : out->count + (unsigned)size;
  if (out->file) {
    if (__tb_write(out->file, from, size) != size) out->count = UINT_MAX;
    return;
  }
  size_t room = (size_t)(out->end - out->at);
  if (size > room) size = room;
  memcpy(out->at, from, size);
  out->at += size;
}

void __tb_out_many(struct tb_out *out, char byte, int count) {
  while (count-- > 0) __tb_out(out, &byte, 1);
}

static int is_signed(char letter) { return letter == 'd' || letter == 'i'; }

void __tb_out_digits(struct tb_out *out, const struct tb_conversion *how, const char *digits, const char *end,
                     int negative) {
  char prefix[2];
  int before = 0, length = (int)(end - digits), nothing = !length || (length == 1 && *digits == '0');
  unsigned flags = how->flags;
  if (how->precision >= 0) flags &= ~(unsigned)ZEROS;
  if (!how->precision && nothing) length = 0;
  if (is_signed(how->letter)) {
    if (negative || flags & (PLUS | SPACE)) prefix[before++] = negative ? '-' : flags & PLUS ? '+' : ' ';
  } else if (how->letter == 'p' || (flags & ALTERNATE && (how->letter | 32) == 'x' && !nothing)) {
    prefix[before++] = '0';
    prefix[before++] = how->letter == 'X' ? 'X' : 'x';
  }
  int zeros = how->precision - length;
  if (how->letter == 'o' && flags & ALTERNATE && zeros <= 0 && !(length && *digits == '0')) zeros = 1;
  if (zeros < 0) zeros = 0;
  int space = how->width - before - zeros - length;
  if (flags & ZEROS && !(flags & LEFT) && space > 0) zeros += space, space = 0;
  if (!(flags & LEFT)) __tb_out_many(out, ' ', space);
  __tb_out(out, prefix, (size_t)before);
  __tb_out_many(out, '0', zeros);
  __tb_out(out, digits, (size_t)length);
  if (flags & LEFT) __tb_out_many(out, ' ', space);
}

static void convert_integer(struct tb_out *out, const struct tb_conversion *how,
                            struct tb_arguments *arguments) {
  if (how->length == OF_LONG_LONG) {
    __tb_convert_long(out, how, arguments);
    return;
  }
  char digits[12], *end = digits + sizeof digits, *at = end;
  unsigned value = va_arg(arguments->list, unsigned);
  int negative = 0;
  if (is_signed(how->letter)) {
    if (how->length == OF_CHAR) value = (unsigned)(signed char)value;
    if (how->length == OF_SHORT) value = (unsigned)(short)value;
    negative = (int)value < 0;
    if (negative) value = -value;
  } else {
    if (how->length == OF_CHAR) value = (unsigned char)value;
    if (how->length == OF_SHORT) value = (unsigned short)value;
  }
  unsigned base = how->letter == 'o' ? 8 : (how->letter | 32) == 'x' || how->letter == 'p' ? 16 : 10;
  unsigned ten = how->letter == 'X' ? 'A' - 10 : 'a' - 10;
  do {
    unsigned digit = value % base;
    *--at = (char)(digit + (digit < 10 ? '0' : ten));
    value /= base;
  } while (value);
  __tb_out_digits(out, how, at, end, negative);
}

static void convert_text(struct tb_out *out, const struct tb_conversion *how, const char *text,
                         size_t length) {
  int space = how->width > 0 && length < (size_t)how->width ? how->width - (int)length : 0;
  if (!(how->flags & LEFT)) __tb_out_many(out, ' ', space);
  __tb_out(out, text, length);
  if (how->flags & LEFT) __tb_out_many(out, ' ', space);
}

/* How many bytes there are so far, into an object of the conversion's type. */
static void convert_count(struct tb_out *out, const struct tb_conversion *how,
                          struct tb_arguments *arguments) {
  void *where = va_arg(arguments->list, void *);
  unsigned parts[2] = {out->count, 0};
  memcpy(where, parts,
         how->length == OF_CHAR        ? 1
         : how->length == OF_SHORT     ? 2
         : how->length == OF_LONG_LONG ? 8
                                       : 4);
}

static const char *read_number(const char *at, int *number, struct tb_arguments *arguments) {
  if (*at == '*') {
    *number = va_arg(arguments->list, int);
    return at + 1;
  }
  unsigned found = 0;
  for (unsigned digit; (digit = (unsigned)(*at - '0')) < 10; at++)
    if (found < 0x7000000) found = found * 10 + digit;
  *number = (int)found;
  return at;
}

static const char *read_conversion(const char *at, struct tb_conversion *how,
                                   struct tb_arguments *arguments) {
  static const char known[] = "-+ #0"; /* in the order of the flags' bits */
  how->flags = 0;
  for (const char *flag; *at && (flag = strchr(known, *at)); at++) how->flags |= 1u << (flag - known);
  at = read_number(at, &how->width, arguments);
  if (how->width < 0) {
    how->flags |= LEFT;
    how->width = how->width == INT_MIN ? INT_MAX : -how->width;
  }
  how->precision = -1;
  if (*at == '.') at = read_number(at + 1, &how->precision, arguments);
  if (how->precision < 0) how->precision = -1;
  how->length = OF_INT;
  switch (*at) {
    case 'h':
      how->length = OF_SHORT;
      if (*++at == 'h') how->length = OF_CHAR, at++;
      break;
    case 'l':
      how->length = OF_LONG;
      if (*++at == 'l') how->length = OF_LONG_LONG, at++;
      break;
    case 'j': how->length = OF_LONG_LONG, at++; break;
    case 'z':
    case 't': how->length = OF_LONG, at++; break;
    case 'L': how->length = OF_LONG_DOUBLE, at++; break;
    default: break;
  }
  how->letter = *at;
  return at;
}

int __tb_format(struct tb_out *out, const char *format, va_list list) {
  struct tb_arguments arguments;
  struct tb_conversion how;
  va_copy(arguments.list, list);
  for (;; format++) {
    const char *start = format;
    while (*format && *format != '%') format++;
    if (format != start) __tb_out(out, start, (size_t)(format - start));
    if (!*format) break;
    format = read_conversion(format + 1, &how, &arguments);
    switch (how.letter) {
      case 'd':
      case 'i':
      case 'o':
      case 'u':
      case 'x':
      case 'X': convert_integer(out, &how, &arguments); break;
      case 'c': {
        char c = (char)va_arg(arguments.list, int);
        convert_text(out, &how, &c, 1);
        break;
      }
      case 's': {
        const char *text = va_arg(arguments.list, const char *);
        if (!text) text = "(null)";
        convert_text(out, &how, text, strnlen(text, (size_t)how.precision));
        break;
      }
      case 'p': {
        how.length = OF_LONG;
        convert_integer(out, &how, &arguments);
        break;
      }
      case 'n': convert_count(out, &how, &arguments); break;
      case '%': __tb_out(out, "%", 1); break;
      case 'a':
      case 'A':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': __tb_convert_double(out, &how, &arguments); break;
      default: /* no conversion of C: as it stands, and the end of the format may be what follows */
        if (!how.letter) format--;
    }
  }
  va_end(arguments.list);
  return out->count > INT_MAX ? -1 : (int)out->count;
}
