/* Clocks, waiting, and the deadline. ISO C has no signal for it: the clock is read at some of the polls, and before
 * whatever waits. */
#include "tb_libc.h"

#include <limits.h>
#include <time.h>
#if TB_POSIX
#include <poll.h>
#elif !defined __STDC_NO_THREADS__
#include <threads.h>
#endif

enum { TB_LIBC_SECOND = 1000000000, TB_LIBC_MILLISECOND = 1000000, TB_LIBC_POLLS = 256 };

static u64 tb_libc_deadline; /* by the steady clock; 0 for none */
static volatile u32 *tb_libc_flag;
static u32 tb_libc_polls;

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

void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  tb_libc_flag = flag;
  tb_libc_deadline = milliseconds ? tb_platform_clock(TB_CLOCK_STEADY) + milliseconds * TB_LIBC_MILLISECOND : 0;
}

void tb_platform_interrupt_flag(volatile u32 *flag) { tb_libc_flag = flag; }

static u32 tb_libc_is_late(void) {
  if (!tb_libc_deadline || tb_platform_clock(TB_CLOCK_STEADY) < tb_libc_deadline) return 0;
  *tb_libc_flag = 1;
  return 1;
}

u32 tb_platform_is_up(volatile u32 *flag) {
  if (!*flag && ++tb_libc_polls % TB_LIBC_POLLS == 0) tb_libc_is_late();
  return *flag;
}

#if TB_POSIX
static int tb_libc_pause(u64 nanoseconds, int descriptor) {
  struct pollfd input = {descriptor, POLLIN, 0}; /* a negative descriptor is passed over */
  u64 milliseconds = nanoseconds / TB_LIBC_MILLISECOND + (nanoseconds % TB_LIBC_MILLISECOND != 0);
  int ready = poll(&input, 1, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
  return ready < 0 ? (int)tb_libc_error() : ready;
}
#else
static int tb_libc_pause(u64 nanoseconds, int descriptor) {
  if (descriptor >= 0) return 1; /* reading tells */
#ifndef __STDC_NO_THREADS__
  u64 most = nanoseconds < TB_LIBC_SECOND ? nanoseconds : TB_LIBC_SECOND;
  struct timespec time = {0, 0};
  time.tv_sec = (time_t)(most / TB_LIBC_SECOND);
  time.tv_nsec = (long)(most % TB_LIBC_SECOND);
  thrd_sleep(&time, 0);
#else
  (void)nanoseconds;
#endif
  return 0;
}
#endif

int tb_platform_wait(u64 nanoseconds, int descriptor) {
  u64 now = tb_platform_clock(TB_CLOCK_STEADY), end = now + nanoseconds < now ? ~(u64)0 : now + nanoseconds;
  u64 until = tb_libc_deadline && tb_libc_deadline < end ? tb_libc_deadline : end;
  for (;;) {
    int ready = tb_libc_pause(now < until ? until - now : 0, descriptor);
    if (ready) return ready;
    now = tb_platform_clock(TB_CLOCK_STEADY);
    if (tb_libc_is_late()) return -4;
    if (now >= end) return 0;
  }
}

int tb_libc_wait_for(int descriptor) {
  if (!tb_libc_deadline) return 0;
  return tb_platform_wait(~(u64)0, descriptor) == -4 && *tb_libc_flag ? -4 : 0;
}
