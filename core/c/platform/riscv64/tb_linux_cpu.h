/* Linux on RISC-V with 64 bits. Structures: uapi/asm-generic/signal.h. */
#ifndef TB_LINUX_CPU_H
#define TB_LINUX_CPU_H
#include "tb.h"
#include "tb_linux_numbers.h"

/* The stack pointer is aligned, and tb_entry does not return. */
#define TB_LINUX_START "  mv a0, sp\n  tail tb_entry\n"

/* O_DIRECTORY, O_NOFOLLOW. */
enum { TB_LINUX_O_DIRECTORY = 0200000, TB_LINUX_O_NOFOLLOW = 0400000 };

static inline TB_UNUSED long tb_linux_call6(long number, long a, long b, long c, long d, long e, long f) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a5 __asm__("a5") = f;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a0;
}

static inline TB_UNUSED long tb_linux_call3(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}

struct tb_linux_sigaction { /* signal handlers return by way of the kernel's vDSO */
  void (*handler)(int);
  u64 flags;
  u64 mask;
};
#define TB_LINUX_SIGACTION(handler, flags) {handler, (u32)(flags), 0}
/* Where a handler's third argument has pc: uc_mcontext.sc_regs.pc. */
enum { TB_LINUX_CONTEXT_PC = 176 };

#include "tb_linux_listed.h"

#endif
