/* The system calls of embed/c/keyboard.c, by way of a C library; what it passes is the kernel's, of x86-64. */
#ifndef TB_LINUX_CPU_H
#define TB_LINUX_CPU_H
#include "tb.h"

enum { TB_LINUX_RT_SIGACTION = 13 };

struct tb_linux_sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  u64 mask;
};

long syscall(long number, ...);
#define tb_linux_call6(number, a, b, c, d, e, f) syscall(number, a, b, c, d, e, f)

#endif
