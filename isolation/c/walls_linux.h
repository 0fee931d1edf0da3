/* What the walls ask of Linux, and what they try to get of it: numbers of system calls. None of these is a
 * call that a program makes: in parentheses they are on no list (tb_linux_listed.h). */
#ifndef TB_WALLS_LINUX_H
#define TB_WALLS_LINUX_H
#include "tb_linux_cpu.h"

#if defined __x86_64__
enum {
  TB_WALLS_SIGALTSTACK = 131,
  TB_WALLS_PRCTL = 157,
  TB_WALLS_PRLIMIT64 = 302,
  TB_WALLS_SECCOMP = 317,
  TB_WALLS_AUDIT = (int)0xc000003eu, /* AUDIT_ARCH_X86_64 */
};
/* Calls that no wall lets through, with all bits of their arguments set: their numbers, in
 * arch/x86/entry/syscalls/syscall_64.tbl. Memory can be had and protected, but never made executable. */
#define TB_WALLS_NEVER                                                                                           \
  /* memory */ 9, 10, 12, 25, 28, 30, 216, 319, 323, 329, 330, 331, /* mmap mprotect brk mremap madvise shmat    \
     remap_file_pages memfd_create userfaultfd pkey_mprotect pkey_alloc pkey_free */                             \
  /* others' memory */ 101, 310, 311, 312, 438, /* ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd */ \
  /* processes */ 56, 57, 58, 59, 62, 200, 234, 322, 435, /* clone fork vfork execve kill tkill tgkill execveat  \
     clone3 */                                                                                                   \
  /* this one */ 13, 135, 154, 157, 158, 205, 302, 317, /* rt_sigaction personality modify_ldt prctl arch_prctl  \
     set_thread_area prlimit64 seccomp */                                                                        \
  /* the kernel */ 41, 53, 298, 321, 425, /* socket socketpair perf_event_open bpf io_uring_setup */             \
  /* files */ 2, 85, 161, 165, 248, 304 /* open creat chroot mount add_key open_by_handle_at */
#else
enum {
  TB_WALLS_SIGALTSTACK = 132,
  TB_WALLS_PRCTL = 167,
  TB_WALLS_PRLIMIT64 = 261,
  TB_WALLS_SECCOMP = 277,
#if defined __aarch64__
  TB_WALLS_AUDIT = (int)0xc00000b7u,
#elif defined __riscv
  TB_WALLS_AUDIT = (int)0xc00000f3u,
#endif
};
/* The same calls in uapi/asm-generic/unistd.h, as far as there are. */
#define TB_WALLS_NEVER                                                                                          \
  222, 226, 214, 216, 233, 196, 234, 279, 282, 288, 289, 290, 117, 270, 271, 272, 438, 220, 221, 129, 130, 131, 281, 435, \
      134, 92, 167, 261, 277, 198, 199, 241, 280, 425, 51, 40, 217, 265
#endif

/* The same everywhere. */
enum {
  TB_WALLS_CLOSE_RANGE = 436,
  TB_WALLS_LANDLOCK_CREATE = 444,
  TB_WALLS_LANDLOCK_ADD = 445,
  TB_WALLS_LANDLOCK_RESTRICT = 446,
};

static TB_NOINLINE TB_UNUSED long tb_walls_call(long number, u64 a, u64 b, u64 c, u64 d, u64 e) {
  return (tb_linux_call6)(number, (long)a, (long)b, (long)c, (long)d, (long)e, 0);
}

#endif
