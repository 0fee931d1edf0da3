/* The kernel reads and writes for whoever asks. */
#include "raw.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static char copy[PAGE];

/* 9 of the facts: what the kernel copies for a thread, it copies with that thread's rights. */
static void write_out(int sealed) {
    Wall w = wall(sealed);
    int ends[2];
    if (pipe(ends))
        broken("pipe");
    if (write(ends[1], w.page, sizeof SECRET) < 0)
        refused("write");
    if (read(ends[0], copy, sizeof copy) < 0)
        broken("read");
    judge_copy(copy);
}

static void read_in(int sealed) {
    Wall w = wall(sealed);
    int ends[2];
    if (pipe(ends) || write(ends[1], FORGED, sizeof FORGED) < 0)
        broken("pipe");
    if (read(ends[0], w.page, sizeof FORGED) < 0)
        refused("read");
    judge_page(&w);
}

static void splice_out(int sealed) {
    Wall w = wall(sealed);
    int ends[2];
    struct iovec piece = {w.page, sizeof SECRET};
    if (pipe(ends))
        broken("pipe");
    if (vmsplice(ends[1], &piece, 1, 0) < 0)
        refused("vmsplice");
    if (read(ends[0], copy, sizeof copy) < 0)
        broken("read");
    judge_copy(copy);
}

/* Whether the word is what the caller says: it can be guessed so. */
static void futex_guess(int sealed) {
    Wall w = wall(sealed);
    uint32_t guess;
    struct timespec no_time = {0, 0};
    memcpy(&guess, SECRET, sizeof guess);
    if (syscall(SYS_futex, w.page, FUTEX_WAIT_PRIVATE, guess, &no_time, NULL, 0) && errno == ETIMEDOUT)
        leak("the word is as guessed");
    refused("futex");
}

/* 25 */
static void vm_read(int sealed) {
    Wall w = wall(sealed);
    struct iovec to = {copy, sizeof SECRET}, from = {w.page, sizeof SECRET};
    if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) < 0)
        refused("process_vm_readv");
    judge_copy(copy);
}

static void vm_write(int sealed) {
    Wall w = wall(sealed);
    struct iovec from = {FORGED, sizeof FORGED}, to = {w.page, sizeof FORGED};
    if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0)
        refused("process_vm_writev");
    judge_page(&w);
}

/* 26 */
static int memory_file(int how) {
    int file = open("/proc/self/mem", how);
    if (file < 0)
        refused("open");
    return file;
}

static void file_read(int sealed) {
    Wall w = wall(sealed);
    if (pread(memory_file(O_RDONLY), copy, sizeof SECRET, (off_t)(uintptr_t)w.page) < 0)
        refused("pread");
    judge_copy(copy);
}

static void file_write(int sealed) {
    Wall w = wall(sealed);
    if (pwrite(memory_file(O_WRONLY), FORGED, sizeof FORGED, (off_t)(uintptr_t)w.page) < 0)
        refused("pwrite");
    judge_page(&w);
}

/* 27 */
static void trace_copy(int sealed) {
    Wall w = wall(sealed);
    pid_t child = fork();
    if (child < 0)
        refused("fork");
    if (!child) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(0);
    }
    if (waitpid(child, NULL, 0) != child)
        broken("waitpid");
    for (size_t at = 0; at < sizeof SECRET; at += sizeof(long)) {
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, child, w.page + at, NULL);
        if (errno)
            refused("ptrace");
        memcpy(copy + at, &word, sizeof word);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    judge_copy(copy);
}

/* 29 */
static void fault_copy(int sealed) {
    Wall w = wall(sealed);
    char *own = new_page(0);
    strcpy(own, FORGED);
    int handle = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    if (handle < 0)
        refused("userfaultfd");
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register place = {.range = {(uintptr_t)w.page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    struct uffdio_copy what = {.dst = (uintptr_t)w.page, .src = (uintptr_t)own, .len = PAGE};
    if (ioctl(handle, UFFDIO_API, &api) || ioctl(handle, UFFDIO_REGISTER, &place))
        refused("UFFDIO_REGISTER");
    if (madvise(w.page, PAGE, MADV_DONTNEED)) /* only where nothing is */
        refused("madvise");
    if (ioctl(handle, UFFDIO_COPY, &what))
        refused("UFFDIO_COPY");
    judge_page(&w);
}

/* 30: the calls of 32-bit programs have other numbers, and a filter that looks at numbers alone takes them for
   others. */
static void call_32(int sealed) {
    enum { I386_PKEY_MPROTECT = 380 };
    Wall w = wall(sealed);
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(I386_PKEY_MPROTECT), "b"((uintptr_t)w.page), "c"(PAGE), "d"(PROT_READ | PROT_WRITE), "S"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result) {
        errno = (int)-result;
        refused("int 0x80");
    }
    judge_reading(&w);
}

/* 103 */
static void call_x32(int sealed) {
    (void)sealed;
    if (syscall(0x40000000 + SYS_getpid) < 0)
        refused("getpid by its x32 number");
    leak("x32 numbers are taken");
}

const Case KERNEL_CASES[] = {
    {"write", write_out},       {"read", read_in},           {"vmsplice", splice_out},   {"futex", futex_guess},
    {"vm-readv", vm_read},      {"vm-writev", vm_write},     {"proc-mem-read", file_read}, {"proc-mem-write", file_write},
    {"ptrace", trace_copy},     {"userfaultfd", fault_copy}, {"int-0x80", call_32},      {"x32", call_x32},
    {NULL, NULL},
};
