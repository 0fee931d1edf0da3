/* Instructions and frames that load PKRU. */
#include "raw.h"

#include <cpuid.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

enum { PKRU_PART = 9, PARTS_HELD = 512 }; /* of the XSAVE area: Intel SDM volume 1, 13.4 */

/* 10: what is not held by the area gets its first value, and that of PKRU is 0. */
static void xrstor(int sealed) {
    static _Alignas(64) unsigned char area[8192];
    Wall w = wall(sealed);
    __asm__ volatile("xrstor %0" : : "m"(area), "a"(1u << PKRU_PART), "d"(0) : "memory");
    judge_reading(&w);
}

static void forge(int signal, siginfo_t *info, void *context) {
    ucontext_t *frame = context;
    unsigned char *area = (unsigned char *)frame->uc_mcontext.fpregs;
    unsigned size, at, none;
    uint64_t held;
    uint32_t zero = 0;
    (void)signal;
    (void)info;
    __cpuid_count(0xD, PKRU_PART, size, at, none, none);
    memcpy(&held, area + PARTS_HELD, sizeof held);
    held |= 1u << PKRU_PART;
    memcpy(area + PARTS_HELD, &held, sizeof held);
    memcpy(area + at, &zero, size < sizeof zero ? size : sizeof zero);
}

/* 41: the frame that sigreturn reads lies on the stack. */
static void forged_frame(int sealed) {
    struct sigaction action = {.sa_sigaction = forge, .sa_flags = SA_SIGINFO};
    Wall w = wall(sealed);
    if (sigaction(SIGUSR1, &action, NULL))
        broken("sigaction");
    raise(SIGUSR1);
    judge_reading(&w);
}

static volatile uint32_t seen;

static void look(int signal) {
    (void)signal;
    seen = rights();
}

/* 3 of the facts: a handler has the rights of the beginning, whatever those of the program are; they come back. */
static void handler_rights(int sealed) {
    struct sigaction action = {.sa_handler = look};
    Wall w = wall(sealed);
    uint32_t before = ~0xCu & w.rights; /* more rights than a thread begins with */
    if (sigaction(SIGUSR1, &action, NULL))
        broken("sigaction");
    set_rights(before);
    raise(SIGUSR1);
    if (rights() != before)
        leak("other rights came back");
    if (seen != ALL_BUT_KEY_0)
        leak("the handler had other rights");
    survives("key 0 in the handler, all rights as before behind it");
}

const Case REGISTER_CASES[] = {
    {"xrstor", xrstor}, {"sigreturn", forged_frame}, {"handler-rights", handler_rights}, {NULL, NULL},
};
