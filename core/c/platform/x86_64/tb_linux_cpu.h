/* Linux on x86-64. Numbers and structures: arch/x86/entry/syscalls/syscall_64.tbl, uapi/asm/signal.h. */
#ifndef TB_LINUX_CPU_H
#define TB_LINUX_CPU_H
#include "tb.h"

enum {
  TB_LINUX_READ = 0,
  TB_LINUX_WRITE = 1,
  TB_LINUX_CLOSE = 3,
  TB_LINUX_LSEEK = 8,
  TB_LINUX_MMAP = 9,
  TB_LINUX_MPROTECT = 10,
  TB_LINUX_MUNMAP = 11,
  TB_LINUX_RT_SIGACTION = 13,
  TB_LINUX_RT_SIGPROCMASK = 14,
  TB_LINUX_RT_SIGRETURN = 15,
  TB_LINUX_PREAD64 = 17,
  TB_LINUX_PWRITE64 = 18,
  TB_LINUX_SETITIMER = 38,
  TB_LINUX_GETPID = 39,
  TB_LINUX_CLONE = 56,
  TB_LINUX_WAIT4 = 61,
  TB_LINUX_KILL = 62,
  TB_LINUX_FCNTL = 72,
  TB_LINUX_FSYNC = 74,
  TB_LINUX_FDATASYNC = 75,
  TB_LINUX_FTRUNCATE = 77,
  TB_LINUX_SYSINFO = 99,
  TB_LINUX_FSTATFS = 138,
  TB_LINUX_SCHED_GETAFFINITY = 204,
  TB_LINUX_PRLIMIT64 = 302,
  TB_LINUX_GETDENTS64 = 217,
  TB_LINUX_CLOCK_GETTIME = 228,
  TB_LINUX_EXIT_GROUP = 231,
  TB_LINUX_OPENAT = 257,
  TB_LINUX_MKDIRAT = 258,
  TB_LINUX_UNLINKAT = 263,
  TB_LINUX_LINKAT = 265,
  TB_LINUX_SYMLINKAT = 266,
  TB_LINUX_READLINKAT = 267,
  TB_LINUX_PPOLL = 271,
  TB_LINUX_UTIMENSAT = 280,
  TB_LINUX_FALLOCATE = 285,
  TB_LINUX_DUP3 = 292,
  TB_LINUX_PIPE2 = 293,
  TB_LINUX_RENAMEAT2 = 316,
  TB_LINUX_GETRANDOM = 318,
  TB_LINUX_STATX = 332,
  TB_LINUX_OPENAT2 = 437,
};

/* The kernel leaves argc at the stack pointer, which is aligned; the call must find it so. */
#define TB_LINUX_START "  xorl %ebp, %ebp\n  movq %rsp, %rdi\n  call tb_entry\n"

/* O_DIRECTORY, O_NOFOLLOW. */
enum { TB_LINUX_O_DIRECTORY = 0200000, TB_LINUX_O_NOFOLLOW = 0400000 };

static inline TB_UNUSED long tb_linux_call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

static inline TB_UNUSED long tb_linux_call6(long number, long a, long b, long c, long d, long e, long f) {
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

struct tb_linux_sigaction {
  void (*handler)(int);
  u64 flags;
  void (*restorer)(void);
  u64 mask;
};

/* Where a signal handler returns to: rt_sigreturn, by number 15. */
static inline TB_UNUSED __attribute__((naked)) void tb_linux_restore(void) {
  __asm__ volatile("movl $15, %eax\n  syscall");
}
/* SA_RESTORER, which x86-64 insists on. */
#define TB_LINUX_SIGACTION(handler, flags) {handler, 0x04000000 | (u32)(flags), tb_linux_restore, 0}
/* Where a handler's third argument has rip: uc_mcontext.gregs[REG_RIP]. */
enum { TB_LINUX_CONTEXT_PC = 168 };

#include "tb_linux_listed.h"

#endif
