/* What the machine has, where the system tells. */
#include "tb_libc.h"

u64 tb_platform_memory(void) {
#if TB_POSIX && defined _SC_PHYS_PAGES
  long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? (u64)pages * (u64)bytes : 0;
#else
  return 0;
#endif
}

u32 tb_platform_cores(void) {
#if TB_POSIX && defined _SC_NPROCESSORS_ONLN
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (u32)cores : 1;
#else
  return 1;
#endif
}

u64 tb_platform_native_stack(void) {
#if TB_POSIX && defined RLIMIT_STACK
  struct rlimit limit;
  return getrlimit(RLIMIT_STACK, &limit) ? 0 : limit.rlim_cur;
#else
  return 0;
#endif
}
