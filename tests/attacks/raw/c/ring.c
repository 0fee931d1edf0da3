/* 33: io_uring does for a thread what that thread's filter of system calls does not see. */
#include "raw.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct Ring {
    int handle;
    char *submitted, *done;
    struct io_uring_sqe *entries;
    struct io_uring_params params;
} Ring;

static char copy[PAGE];

static Ring ring(void) {
    Ring r;
    memset(&r, 0, sizeof r);
    if ((r.handle = (int)syscall(SYS_io_uring_setup, 4, &r.params)) < 0)
        refused("io_uring_setup");
    size_t size = r.params.sq_off.array + r.params.sq_entries * sizeof(uint32_t);
    size_t done = r.params.cq_off.cqes + r.params.cq_entries * sizeof(struct io_uring_cqe);
    size_t entries = r.params.sq_entries * sizeof *r.entries;
    int both = PROT_READ | PROT_WRITE;
    r.submitted = mmap(NULL, size, both, MAP_SHARED, r.handle, IORING_OFF_SQ_RING);
    r.done = mmap(NULL, done, both, MAP_SHARED, r.handle, IORING_OFF_CQ_RING);
    r.entries = mmap(NULL, entries, both, MAP_SHARED, r.handle, IORING_OFF_SQES);
    if (r.submitted == MAP_FAILED || r.done == MAP_FAILED || r.entries == MAP_FAILED)
        broken("mmap");
    return r;
}

/* The result of one operation. */
static int result_of(Ring *r, struct io_uring_sqe what) {
    uint32_t *tail = (uint32_t *)(r->submitted + r->params.sq_off.tail);
    uint32_t *order = (uint32_t *)(r->submitted + r->params.sq_off.array);
    uint32_t *head = (uint32_t *)(r->done + r->params.cq_off.head);
    struct io_uring_cqe *results = (struct io_uring_cqe *)(r->done + r->params.cq_off.cqes);
    uint32_t mask = r->params.sq_entries - 1, at = *tail & mask;
    r->entries[at] = what;
    order[at] = at;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, r->handle, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
        refused("io_uring_enter");
    int result = results[*head & (r->params.cq_entries - 1)].res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return result;
}

static int write_to(Ring *r, int file, int flags, const char *from) {
    return result_of(r, (struct io_uring_sqe){.opcode = IORING_OP_WRITE,
                                              .flags = (uint8_t)flags,
                                              .fd = file,
                                              .addr = (uintptr_t)from,
                                              .len = sizeof SECRET,
                                              .off = (uint64_t)-1});
}

/* old: what a thread of the kernel writes first, with all rights. */
static void write_by(int flags, int sealed, const char *old) {
    Wall w = wall(sealed);
    Ring r = ring();
    int ends[2], result;
    if (pipe(ends))
        broken("pipe");
    if (old) {
        set_rights(0);
        if (write_to(&r, ends[1], flags, old) < 0 || read(ends[0], copy, sizeof copy) < 0)
            broken("io_uring");
        set_rights(w.rights);
    }
    if ((result = write_to(&r, ends[1], flags, w.page)) < 0) {
        errno = -result;
        refused("IORING_OP_WRITE");
    }
    if (read(ends[0], copy, sizeof copy) < 0)
        broken("read");
    judge_copy(copy);
}

static void write_at_once(int sealed) { write_by(0, sealed, NULL); }
static void write_by_worker(int sealed) { write_by(IOSQE_ASYNC, sealed, NULL); }

/* A thread of the kernel has the rights of its first moment: here, of before the wall. */
static void write_by_older_worker(int sealed) { write_by(IOSQE_ASYNC, sealed, FORGED); }

/* Opens a file where a filter kills whoever does. */
static void open_unseen(int sealed) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    (void)sealed;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        broken("seccomp");
    Ring r = ring();
    struct io_uring_sqe what = {
        .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t) "/etc/passwd", .open_flags = O_RDONLY};
    int file = result_of(&r, what);
    if (file < 0) {
        errno = -file;
        refused("IORING_OP_OPENAT");
    }
    if (read(file, copy, 1) != 1)
        broken("read");
    leak("a file was opened under a filter that kills for it");
}

/* That the filter does. */
static void open_seen(int sealed) {
    (void)sealed;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        broken("seccomp");
    if (syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) < 0)
        refused("openat");
    leak("openat");
}

const Case RING_CASES[] = {
    {"io_uring", write_at_once},           {"io_uring-worker", write_by_worker},
    {"io_uring-older", write_by_older_worker}, {"io_uring-open", open_unseen},
    {"filtered-open", open_seen},          {NULL, NULL},
};
