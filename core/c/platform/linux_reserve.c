/* Addresses without memory, of which some get it later. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

void *tb_platform_reserve(u64 bytes) {
  /* PROT_NONE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE. */
  TB_LINUX_MAPPED();
  long at = tb_linux_early6(TB_LINUX_MMAP, 0, (long)bytes, 0, 0x4022, -1, 0);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

u32 tb_platform_use(void *at, u64 bytes) {
  /* PROT_READ | PROT_WRITE. */
  return !bytes || tb_linux_call3(TB_LINUX_MPROTECT, (long)at, (long)bytes, 3) == 0;
}
