#include "raw.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static sigjmp_buf back;
static volatile int fault_key;

noreturn static void say(const char *verdict, const char *how) {
    printf("%s: %s\n", verdict, how);
    fflush(stdout);
    _exit(0);
}

noreturn static void say_error(const char *verdict, const char *call) {
    printf("%s: %s: %s\n", verdict, call, strerror(errno));
    fflush(stdout);
    _exit(0);
}

void leak(const char *how) { say("leak", how); }
void denied(const char *how) { say("denied", how); }
void survives(const char *how) { say("survives", how); }
void without(const char *what) { say("without", what); }
void refused(const char *call) { say_error("denied", call); }
void broken(const char *what) { say_error("broken", what); }

char *new_page(int flags) {
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (page == MAP_FAILED)
        broken("mmap");
    return page;
}

static void caught(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    fault_key = info->si_code == SEGV_PKUERR ? (int)info->si_pkey : -1;
    siglongjmp(back, 1);
}

int readable(const volatile char *address, int *key) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO}, old;
    uint32_t before = rights();
    volatile int fine = 0;
    if (sigaction(SIGSEGV, &action, &old))
        broken("sigaction");
    if (!sigsetjmp(back, 1)) {
        (void)*address;
        fine = 1;
    } else {
        set_rights(before); /* a handler has those of the kernel */
    }
    if (sigaction(SIGSEGV, &old, NULL))
        broken("sigaction");
    if (key)
        *key = fine ? -1 : fault_key;
    return fine;
}

Wall wall_around(char *page) {
    int key, named;
    strcpy(page, SECRET);
    if ((key = pkey_alloc(0, 0)) < 1)
        broken("pkey_alloc");
    if (pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, key))
        broken("pkey_mprotect");
    Wall w = {page, key, rights() | 1u << 2 * key};
    set_rights(w.rights);
    if (readable(page, &named) || named != key)
        broken("the wall does not hold");
    return w;
}

Wall wall(int sealed) {
    Wall w = wall_around(new_page(MAP_32BIT));
    if (sealed && syscall(SYS_mseal, w.page, (size_t)PAGE, 0ul)) {
        if (errno == ENOSYS)
            without("mseal");
        broken("mseal");
    }
    return w;
}

void judge_reading(const Wall *w) {
    if (!readable(w->page, NULL))
        denied("the page cannot be read");
    if (strcmp(w->page, SECRET))
        denied("something else stands there");
    leak(w->page);
}

void judge_copy(const char *copy) {
    if (memcmp(copy, SECRET, sizeof SECRET))
        denied("something else was read");
    leak(copy);
}

void judge_page(const Wall *w) {
    set_rights(0);
    if (!readable(w->page, NULL))
        denied("the page is gone");
    if (!strcmp(w->page, SECRET))
        denied("the page is as it was");
    if (strcmp(w->page, FORGED))
        denied("something else stands there");
    leak("the page was replaced");
}

int main(int count, char **words) {
    static const Case *const all[] = {MAPPING_CASES,  KERNEL_CASES, RING_CASES,
                                      REGISTER_CASES, SIGNAL_CASES, THREAD_CASES};
    int sealed = count == 3 && !strcmp(words[2], "sealed");
    if (count < 2 || (count == 3 && !sealed) || count > 3) {
        fprintf(stderr, "raw CASE [sealed]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const Case *each = all[i]; each->name; each++)
            if (!strcmp(each->name, words[1])) {
                /* Nothing is left of those that are killed. */
                prctl(PR_SET_DUMPABLE, 1);
                each->run(sealed);
                broken("it did not judge");
            }
    fprintf(stderr, "no such case: %s\n", words[1]);
    return 2;
}
