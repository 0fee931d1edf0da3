/* Clocks, and waiting. */
#include "tb_libc.h"
#include "tb_polled.h"

#include <limits.h>
#include <time.h>
#if TB_POSIX
#include <poll.h>
#elif defined __has_include
#if __has_include(<threads.h>)
#include <threads.h>
#define TB_LIBC_SLEEPS
#endif
#endif

enum { TB_LIBC_SECOND = 1000000000, TB_LIBC_MILLISECOND = 1000000 };

u64 tb_platform_clock(u32 which) {
  struct timespec time = {0, 0};
#if TB_POSIX
  clock_gettime(which == TB_CLOCK_REAL ? CLOCK_REALTIME : CLOCK_MONOTONIC, &time);
#else
  timespec_get(&time, TIME_UTC);
#endif
  u64 now = (u64)time.tv_sec * TB_LIBC_SECOND + (u64)time.tv_nsec;
  /* Where the only clock can be set back, the steady one stands still until it has caught up. */
  static u64 latest;
  if (which == TB_CLOCK_STEADY) latest = now = now < latest ? latest : now;
  return now;
}

#if TB_POSIX
int tb_polled_pause(u64 nanoseconds, int descriptor) {
  struct pollfd input = {descriptor, POLLIN, 0}; /* a negative descriptor is passed over */
  u64 milliseconds = nanoseconds / TB_LIBC_MILLISECOND + (nanoseconds % TB_LIBC_MILLISECOND != 0);
  int ready = poll(&input, 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
  return ready < 0 ? (int)tb_libc_error() : ready;
}
#else
int tb_polled_pause(u64 nanoseconds, int descriptor) {
  if (descriptor >= 0) return 1; /* reading tells */
#ifdef TB_LIBC_SLEEPS
  u64 most = nanoseconds < TB_LIBC_SECOND ? nanoseconds : TB_LIBC_SECOND;
  struct timespec time = {0, 0};
  time.tv_sec = (time_t)(most / TB_LIBC_SECOND);
  time.tv_nsec = (long)(most % TB_LIBC_SECOND);
  thrd_sleep(&time, 0);
#else
  (void)nanoseconds; /* only the clock tells */
#endif
  return 0;
}
#endif
