#include <string.h>
#include <time.h>

static const char days[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};
static const char months[12][10] = {"January", "February", "March",     "April",   "May",      "June",
                                    "July",    "August",   "September", "October", "November", "December"};

struct out {
  char *at, *end;
  int full;
};

static void put(struct out *out, const char *text, size_t size) {
  if (size >= (size_t)(out->end - out->at)) {
    out->full = 1;
    return;
  }
  memcpy(out->at, text, size);
  out->at += size;
}

static void put_text(struct out *out, const char *text) { put(out, text, strlen(text)); }

static void put_number(struct out *out, int value, int width, char fill) {
  char text[12], *end = text + sizeof text, *at = end;
  unsigned left = value < 0 ? -(unsigned)value : (unsigned)value;
  if (value < 0) put(out, "-", 1);
  do *--at = (char)('0' + left % 10);
  while (left /= 10);
  while (end - at < width) *--at = fill;
  put(out, at, (size_t)(end - at));
}

/* ISO 8601: the week of the year that has most of the week, and that year. */
static int iso_week(const struct tm *t, long *year) {
  int weekday = (t->tm_wday + 6) % 7, week = (t->tm_yday - weekday + 10) / 7;
  *year = 1900L + t->tm_year;
  long y = *year - (week < 1);
  int leap = (y % 4 == 0 && y % 100) || y % 400 == 0;
  if (week < 1) {
    *year = y;
    return (t->tm_yday + 365 + leap - weekday + 10) / 7;
  }
  if (week == 53 && t->tm_yday - weekday + 3 >= 365 + leap) {
    ++*year;
    return 1;
  }
  return week;
}

static void put_all(struct out *out, const char *format, const struct tm *t);

static void put_one(struct out *out, char letter, const struct tm *t) {
  long year;
  int hour = t->tm_hour % 12 ? t->tm_hour % 12 : 12;
  switch (letter) {
    case 'a': put(out, days[t->tm_wday % 7], 3); break;
    case 'A': put_text(out, days[t->tm_wday % 7]); break;
    case 'b':
    case 'h': put(out, months[t->tm_mon % 12], 3); break;
    case 'B': put_text(out, months[t->tm_mon % 12]); break;
    case 'c': put_all(out, "%a %b %e %H:%M:%S %Y", t); break;
    case 'C': put_number(out, (t->tm_year + 1900) / 100, 2, '0'); break;
    case 'd': put_number(out, t->tm_mday, 2, '0'); break;
    case 'D':
    case 'x': put_all(out, "%m/%d/%y", t); break;
    case 'e': put_number(out, t->tm_mday, 2, ' '); break;
    case 'F': put_all(out, "%Y-%m-%d", t); break;
    case 'g':
      iso_week(t, &year);
      put_number(out, (int)(year % 100), 2, '0');
      break;
    case 'G':
      iso_week(t, &year);
      put_number(out, (int)year, 1, '0');
      break;
    case 'H': put_number(out, t->tm_hour, 2, '0'); break;
    case 'I': put_number(out, hour, 2, '0'); break;
    case 'j': put_number(out, t->tm_yday + 1, 3, '0'); break;
    case 'm': put_number(out, t->tm_mon + 1, 2, '0'); break;
    case 'M': put_number(out, t->tm_min, 2, '0'); break;
    case 'n': put(out, "\n", 1); break;
    case 'p': put(out, t->tm_hour < 12 ? "AM" : "PM", 2); break;
    case 'r': put_all(out, "%I:%M:%S %p", t); break;
    case 'R': put_all(out, "%H:%M", t); break;
    case 'S': put_number(out, t->tm_sec, 2, '0'); break;
    case 't': put(out, "\t", 1); break;
    case 'T':
    case 'X': put_all(out, "%H:%M:%S", t); break;
    case 'u': put_number(out, (t->tm_wday + 6) % 7 + 1, 1, '0'); break;
    case 'U': put_number(out, (t->tm_yday + 7 - t->tm_wday) / 7, 2, '0'); break;
    case 'V': put_number(out, iso_week(t, &year), 2, '0'); break;
    case 'w': put_number(out, t->tm_wday, 1, '0'); break;
    case 'W': put_number(out, (t->tm_yday + 7 - (t->tm_wday + 6) % 7) / 7, 2, '0'); break;
    case 'y': put_number(out, (t->tm_year % 100 + 100) % 100, 2, '0'); break;
    case 'Y': put_number(out, t->tm_year + 1900, 1, '0'); break;
    case 'z': put_text(out, "+0000"); break;
    case 'Z': put_text(out, "UTC"); break;
    default: put(out, &letter, 1);
  }
}

static void put_all(struct out *out, const char *format, const struct tm *t) {
  for (; *format; format++) {
    if (*format != '%') {
      put(out, format, 1);
      continue;
    }
    if (*++format == 'E' || *format == 'O') format++;
    if (!*format) return;
    put_one(out, *format, t);
  }
}

size_t strftime(char *restrict to, size_t size, const char *restrict format,
                const struct tm *restrict parts) {
  struct out out = {to, to + size, 0};
  put_all(&out, format, parts);
  if (out.full || !size) return 0;
  *out.at = 0;
  return (size_t)(out.at - to);
}

char *asctime(const struct tm *parts) {
  static char text[40];
  strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y\n", parts);
  return text;
}

char *ctime(const time_t *when) {
  struct tm *parts = gmtime(when);
  return parts ? asctime(parts) : NULL;
}
