/* Platform layer for Linux on x86-64: start-up code and system calls, without a libc.
 * Numbers and structures: Linux's arch/x86/entry/syscalls/syscall_64.tbl and uapi/asm/signal.h. */
#include "tb_platform.h"

enum { SYS_READ = 0, SYS_WRITE = 1, SYS_MMAP = 9, SYS_SIGACTION = 13, SYS_SIGRETURN = 15, SYS_SETITIMER = 38, SYS_EXIT = 231 };

/* The kernel leaves argc at the stack pointer, which is aligned; the call must find it so. */
__asm__(".globl _start\n"
        ".section .text._start,\"ax\",@progbits\n"
        "_start:\n"
        "  xorl %ebp, %ebp\n"
        "  call tb_entry\n"
        ".text\n");

static inline long call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  return call3(SYS_WRITE, descriptor, (long)from, (long)bytes);
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  return call3(SYS_READ, descriptor, (long)to, (long)bytes);
}

_Noreturn void tb_platform_exit(int status) {
  call3(SYS_EXIT, status, 0, 0);
  __builtin_unreachable();
}

void *tb_platform_map(void *address, u64 bytes) {
  /* PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, and MAP_FIXED_NOREPLACE where
   * the address matters: kernels before 4.17 take it as a hint, so the result is what counts. */
  long flags = 0x4022 | (address ? 0x100000 : 0);
  long at = call6(SYS_MMAP, (long)address, (long)bytes, 3, flags, -1, 0);
  if (at < 0 && at > -4096) at = 0;
  if (!at || (address && at != (long)address)) {
    static const char message[] = "tblvm: the system gives no memory\n";
    tb_platform_write(2, message, sizeof message - 1);
    tb_platform_exit(134);
  }
  return (void *)at;
}
