/* The Gregorian calendar, for all time. Years are counted from March here, so that the day that not all have
 * is their last. */
#include <errno.h>
#include <limits.h>
#include <time.h>

#define DAY 86400
#define DAYS_400 146097 /* of 400 years, after which all repeats */
#define MARCH_0 719468  /* days from the first of March of year 0 to 1970 */

static long long floor_divide(long long a, long long b) { return a / b - (a % b < 0); }

/* Days from 1970 to the first of a month, whose number (from 0) need not be below 12. */
static long long days_to(long long year, long long month) {
  year += floor_divide(month, 12);
  month -= floor_divide(month, 12) * 12;
  long long from_march = month < 2 ? month + 10 : month - 2;
  if (month < 2) year--;
  long long period = floor_divide(year, 400), in_period = year - period * 400;
  return period * DAYS_400 + in_period * 365 + in_period / 4 - in_period / 100 + (153 * from_march + 2) / 5 -
         MARCH_0;
}

static struct tm *fill(long long when, struct tm *parts) {
  long long days = floor_divide(when, DAY), seconds = when - days * DAY;
  long long since = days + MARCH_0, period = floor_divide(since, DAYS_400), day = since - period * DAYS_400;
  long long year = (day - day / 1460 + day / 36524 - day / (DAYS_400 - 1)) / 365;
  long long in_year = day - (365 * year + year / 4 - year / 100), from_march = (5 * in_year + 2) / 153;
  int month = (int)(from_march < 10 ? from_march + 2 : from_march - 10);
  year += period * 400 + (month < 2);
  if (year - 1900 > INT_MAX || year - 1900 < INT_MIN) {
    errno = EOVERFLOW;
    return NULL;
  }
  *parts = (struct tm){
      .tm_sec = (int)(seconds % 60),
      .tm_min = (int)(seconds / 60 % 60),
      .tm_hour = (int)(seconds / 3600),
      .tm_mday = (int)(in_year - (153 * from_march + 2) / 5) + 1,
      .tm_mon = month,
      .tm_year = (int)(year - 1900),
      .tm_wday = (int)((days % 7 + 11) % 7), /* the first of January 1970 was a Thursday */
      .tm_yday = (int)(days - days_to(year, 0)),
  };
  return parts;
}

static struct tm shared;

struct tm *gmtime(const time_t *when) {
  if (*when > 1LL << 56 || *when < -(1LL << 56)) {
    errno = EOVERFLOW;
    return NULL;
  }
  return fill(*when, &shared);
}

struct tm *localtime(const time_t *when) { return gmtime(when); }

time_t mktime(struct tm *parts) {
  long long days = days_to(1900LL + parts->tm_year, parts->tm_mon) + parts->tm_mday - 1;
  time_t when = days * DAY + parts->tm_hour * 3600LL + parts->tm_min * 60LL + parts->tm_sec;
  return fill(when, parts) ? when : -1;
}
