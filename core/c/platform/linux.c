/* Platform layer for Linux, without a libc: start-up code, input and output, memory. What differs from one
 * processor to the next is in tb_linux_cpu.h, of which each has its own; flags and structures not named
 * there are the same on all three (Linux's uapi/asm-generic). */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

/* Hidden: a shared library does not start, and leaves it out. */
__asm__(".globl _start\n"
        ".hidden _start\n"
        ".section .text._start,\"ax\",%progbits\n"
        "_start:\n" TB_LINUX_START ".text\n");

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  return tb_linux_call3(TB_LINUX_WRITE, descriptor, (long)from, (long)bytes);
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  return tb_linux_call3(TB_LINUX_READ, descriptor, (long)to, (long)bytes);
}

_Noreturn void tb_platform_exit(int status) {
  tb_linux_call3(TB_LINUX_EXIT_GROUP, status, 0, 0);
  __builtin_unreachable();
}

_Noreturn void tb_platform_fail(const char *message, u64 bytes) {
  tb_platform_write(2, message, bytes);
  tb_platform_exit(134);
}

void *tb_platform_try_map(void *address, u64 bytes) {
  /* PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, and MAP_FIXED_NOREPLACE where
   * the address matters: kernels before 4.17 take it as a hint, so the result is what counts. */
  long flags = 0x4022 | (address ? 0x100000 : 0);
  TB_LINUX_MAPPED();
  long at = tb_linux_early6(TB_LINUX_MMAP, (long)address, (long)bytes, 3, flags, -1, 0);
  if (at < 0 && at > -4096) at = 0;
  return address && at != (long)address ? 0 : (void *)at;
}

void *tb_platform_map(void *address, u64 bytes) {
  static const char message[] = "tblvm: the system gives no memory\n";
  void *at = tb_platform_try_map(address, bytes);
  if (!at) tb_platform_fail(message, sizeof message - 1);
  return at;
}
