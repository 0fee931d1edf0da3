/* Linux on x86-64 as the supervisor needs it: arch/x86/entry/syscalls/syscall_64.tbl, uapi/asm/signal.h, ucontext.h and
 * siginfo.h, uapi/linux/seccomp.h. */
#ifndef TB_KEYS_LINUX_H
#define TB_KEYS_LINUX_H
#include "tb_compiler.h"

enum {
  TB_NR_MMAP = 9,
  TB_NR_MUNMAP = 11,
  TB_NR_RT_SIGACTION = 13,
  TB_NR_RT_SIGPROCMASK = 14,
  TB_NR_RT_SIGRETURN = 15,
  TB_NR_MADVISE = 28,
  TB_NR_GETPID = 39,
  TB_NR_EXIT = 60,
  TB_NR_SIGALTSTACK = 131,
  TB_NR_PRCTL = 157,
  TB_NR_ARCH_PRCTL = 158,
  TB_NR_GETTID = 186,
  TB_NR_FUTEX = 202,
  TB_NR_TGKILL = 234,
  TB_NR_SECCOMP = 317,
  TB_NR_GETRANDOM = 318,
  TB_NR_PKEY_MPROTECT = 329,
  TB_NR_PKEY_ALLOC = 330,
  TB_NR_MSEAL = 462
};

enum { TB_EINTR = 4, TB_EAGAIN = 11, TB_ENOMEM = 12, TB_EFAULT = 14, TB_EBUSY = 16, TB_EINVAL = 22, TB_ETIMEDOUT = 110 };
enum { TB_SIGILL = 4, TB_SIGTRAP = 5, TB_SIGBUS = 7, TB_SIGFPE = 8, TB_SIGSEGV = 11, TB_SIGSYS = 31 };
enum { TB_SA_SIGINFO = 4, TB_SA_RESTORER = 0x04000000, TB_SA_ONSTACK = 0x08000000, TB_SA_NODEFER = 0x40000000 };
#define TB_SA_RESETHAND 0x80000000u

struct tb_linux_action {
  u64 handler, flags, restorer, mask;
};

struct tb_linux_altstack {
  u64 address;
  u64 flags;
  u64 bytes;
};

struct tb_linux_time {
  s64 seconds, nanoseconds;
};

/* Words of ucontext, and bytes of siginfo. */
enum { TB_CONTEXT_RDX = 17, TB_CONTEXT_RAX = 18, TB_CONTEXT_RSP = 20, TB_CONTEXT_PC = 21, TB_CONTEXT_ERROR = 24, TB_CONTEXT_FLOATS = 28, TB_CONTEXT_WORDS = 29 };
enum { TB_INFO_CODE = 8, TB_INFO_ADDRESS = 16, TB_INFO_CALL = 24, TB_INFO_KEY = 32, TB_INFO_BYTES = 128 };
enum { TB_SEGV_PKUERR = 4, TB_SYS_SECCOMP = 1 };

static inline TB_UNUSED long tb_linux_call(long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  long result;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#endif
