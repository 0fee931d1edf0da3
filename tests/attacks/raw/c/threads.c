/* What threads have of each other. */
#include "raw.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int go;
static int sibling_error, sibling_fine;
static Wall around;

static void *try_call(void *unused) {
    (void)unused;
    while (!atomic_load(&go))
        sched_yield();
    sibling_error = syscall(SYS_getppid) < 0 ? errno : 0;
    return NULL;
}

static void filter_one(unsigned flags) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    pthread_t sibling;
    if (pthread_create(&sibling, NULL, try_call, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        broken("pthread_create");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter))
        broken("seccomp");
    if (syscall(SYS_getppid) >= 0)
        broken("the filter does nothing");
    atomic_store(&go, 1);
    pthread_join(sibling, NULL);
    errno = sibling_error;
    if (sibling_error)
        refused("getppid");
    leak("the sibling has no filter");
}

/* 49 */
static void unfiltered_sibling(int sealed) {
    (void)sealed;
    filter_one(0);
}

static void filtered_sibling(int sealed) {
    (void)sealed;
    filter_one(SECCOMP_FILTER_FLAG_TSYNC);
}

static void *try_page(void *unused) {
    (void)unused;
    while (!atomic_load(&go))
        sched_yield();
    sibling_fine = readable(around.page, NULL);
    return NULL;
}

/* 48: rights are a thread's own; it has none to keys that came later. */
static void older_thread(int sealed) {
    pthread_t sibling;
    if (pthread_create(&sibling, NULL, try_page, NULL))
        broken("pthread_create");
    around = wall(sealed);
    set_rights(0);
    atomic_store(&go, 1);
    pthread_join(sibling, NULL);
    if (sibling_fine)
        leak("the page can be read");
    denied("the page cannot be read");
}

/* New ones have those of who made them. */
static void newer_thread(int sealed) {
    pthread_t sibling;
    around = wall(sealed);
    set_rights(0);
    if (pthread_create(&sibling, NULL, try_page, NULL))
        broken("pthread_create");
    set_rights(around.rights);
    atomic_store(&go, 1);
    pthread_join(sibling, NULL);
    if (sibling_fine)
        leak("the page can be read");
    denied("the page cannot be read");
}

const Case THREAD_CASES[] = {
    {"seccomp-one", unfiltered_sibling}, {"seccomp-all", filtered_sibling}, {"older-thread", older_thread},
    {"newer-thread", newer_thread},      {NULL, NULL},
};
