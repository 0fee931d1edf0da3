/* Clocks, and waiting for time or input. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

enum { TB_LINUX_SECOND = 1000000000 };

u64 tb_platform_clock(u32 which) {
  u64 time[2] = {0, 0}; /* seconds, nanoseconds; the clocks' numbers are the kernel's */
  tb_linux_call3(TB_LINUX_CLOCK_GETTIME, which, (long)time, 0);
  return time[0] * TB_LINUX_SECOND + time[1];
}

int tb_platform_wait(u64 nanoseconds, int descriptor) {
  u64 time[2] = {nanoseconds / TB_LINUX_SECOND, nanoseconds % TB_LINUX_SECOND};
  /* A negative descriptor is passed over. POLLIN = 1; an end of input counts as input. */
  struct {
    int descriptor;
    s16 events, found;
  } poll = {descriptor, 1, 0};
  return (int)tb_linux_call6(TB_LINUX_PPOLL, (long)&poll, 1, (long)time, 0, 0, 0);
}
