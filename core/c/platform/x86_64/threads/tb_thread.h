/* Which thread this is: a number that no other one of the process has meanwhile. */
#ifndef TB_THREAD_H
#define TB_THREAD_H
#include "tb_linux_cpu.h"

/* A C library keeps what it knows of a thread at %fs, its own address first (System V ABI, thread-local storage).
 * known: what tb_thread_known gave. */
static inline TB_UNUSED u64 tb_thread(u32 known) {
  u64 self = 1;
  if (known) __asm__ volatile("movq %%fs:0, %0" : "=r"(self));
  return self;
}
/* Whether there is such a library: without one there is one thread, and nothing at %fs. */
static inline TB_UNUSED u32 tb_thread_known(void) {
  enum { ARCH_PRCTL = 158, ARCH_GET_FS = 0x1003 };
  u64 base = 0;
  return tb_linux_call3(ARCH_PRCTL, ARCH_GET_FS, (long)&base, 0) == 0 && base != 0;
}

#endif
