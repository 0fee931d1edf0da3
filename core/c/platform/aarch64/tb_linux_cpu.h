/* Linux on AArch64. Structures: arch/arm64/include/uapi/asm/signal.h. */
#ifndef TB_LINUX_CPU_H
#define TB_LINUX_CPU_H
#include "tb.h"
#include "tb_linux_numbers.h"

/* The stack pointer is aligned, and tb_entry does not return. */
#define TB_LINUX_START "  mov x0, sp\n  b tb_entry\n"

/* O_DIRECTORY, O_NOFOLLOW. */
enum { TB_LINUX_O_DIRECTORY = 040000, TB_LINUX_O_NOFOLLOW = 0100000 };

static inline TB_UNUSED long tb_linux_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

static inline TB_UNUSED long tb_linux_call3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

struct tb_linux_sigaction {
  void (*handler)(int);
  u64 flags;
  void (*restorer)(void); /* without SA_RESTORER the kernel uses its own */
  u64 mask;
};
#define TB_LINUX_SIGACTION(handler, flags) {handler, (u32)(flags), 0, 0}
/* Where a handler's third argument has pc: uc_mcontext.pc. */
enum { TB_LINUX_CONTEXT_PC = 440 };

#include "tb_linux_listed.h"

#endif
