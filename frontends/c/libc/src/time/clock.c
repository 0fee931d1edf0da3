#include <time.h>
#include "tb_host.h"

/* What TIME_GET reads: microseconds of a clock that never goes back, and since 1970; the upper half of the
 * last. */
enum { STEADY = 2, SECONDS = 1, SINCE_1970 = 3, UPPER = 4 };

static uint64_t read(int what) {
  uint32_t low = tb_time_get(what);
  return (uint64_t)tb_time_get(UPPER) << 32 | low;
}

clock_t clock(void) { return (clock_t)read(STEADY); }

time_t time(time_t *where) {
  time_t found = (time_t)read(SECONDS);
  if (where) *where = found;
  return found;
}

int timespec_get(struct timespec *where, int base) {
  if (base != TIME_UTC) return 0;
  uint64_t found = read(SINCE_1970);
  where->tv_sec = (time_t)(found / 1000000);
  where->tv_nsec = (long)(found % 1000000) * 1000;
  return base;
}

double difftime(time_t end, time_t start) { return (double)(end - start); }
