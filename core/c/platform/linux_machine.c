/* What the machine has. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

u64 tb_platform_memory(void) {
  struct { /* struct sysinfo of 64-bit systems */
    u64 uptime, loads[3], total, free, shared, buffers, swap, free_swap;
    u16 processes;
    u64 high, free_high;
    u32 unit;
  } info;
  return tb_linux_call3(TB_LINUX_SYSINFO, (long)&info, 0, 0) < 0 ? 0 : info.total * info.unit;
}

u32 tb_platform_cores(void) {
  u64 mask[128]; /* 8192 processors: the most that Linux can be built for */
  long bytes = tb_linux_call3(TB_LINUX_SCHED_GETAFFINITY, 0, sizeof mask, (long)mask);
  u32 cores = 0;
  for (long i = 0; i < bytes / 8; i++)
    for (u64 left = mask[i]; left; left &= left - 1) cores++;
  return cores ? cores : 1;
}

u64 tb_platform_native_stack(void) {
  u64 limits[2]; /* now, at most */
  enum { STACK = 3 };
  return tb_linux_early6(TB_LINUX_PRLIMIT64, 0, STACK, 0, (long)limits, 0, 0) < 0 ? 0 : limits[0];
}
