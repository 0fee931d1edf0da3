/* Time is UTC: there are no time zones. */
#ifndef _TB_TIME_H
#define _TB_TIME_H
#include <tb_bits.h>

typedef long long time_t;
typedef long long clock_t;
#define CLOCKS_PER_SEC ((clock_t)1000000)
#define TIME_UTC 1

struct tm {
  int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};
struct timespec {
  time_t tv_sec;
  long tv_nsec;
};

__TB_BEGIN
clock_t clock(void);
time_t time(time_t *where);
int timespec_get(struct timespec *where, int base);
double difftime(time_t end, time_t start);
time_t mktime(struct tm *parts);
struct tm *gmtime(const time_t *when);
struct tm *localtime(const time_t *when);
char *asctime(const struct tm *parts);
char *ctime(const time_t *when);
size_t strftime(char *__TB_RESTRICT to, size_t size, const char *__TB_RESTRICT format,
                const struct tm *__TB_RESTRICT parts);
__TB_END
#endif
