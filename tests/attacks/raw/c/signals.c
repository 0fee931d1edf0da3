/* Threads whose PKRU denies key 0, which all usual memory has: what interrupts them. */
#include "raw.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK = 16 * PAGE, ROUNDS = 20000 };

/* All that such a thread and its signal handler share; tagged with a key of its own. */
typedef struct Shared {
    atomic_int ready, handled;
} Shared;

static Shared *shared;
static pid_t target;

static char *tagged(size_t size, int key) {
    char *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED || pkey_mprotect(place, size, PROT_READ | PROT_WRITE, key))
        broken("pkey_mprotect");
    memset(place, 0, size);
    return place;
}

static int new_key(void) {
    int key = pkey_alloc(0, 0);
    if (key < 1)
        broken("pkey_alloc");
    return key;
}

/* The rights to *key* alone: key 0 is denied. */
static uint32_t only(int key) { return 0x55555555u & ~(3u << 2 * key); }

/* It has key 0 only, and may stand on a stack with another: rights first, then the stack. */
__attribute__((naked)) static void handler(int signal) {
    (void)signal;
    __asm__("xorl %eax, %eax\n\t"
            "xorl %ecx, %ecx\n\t"
            "xorl %edx, %edx\n\t"
            "wrpkru\n\t"
            "movq shared(%rip), %rax\n\t"
            "movl $1, 4(%rax)\n\t"
            "ret");
}

static void *send(void *unused) {
    (void)unused;
    while (!atomic_load(&shared->ready))
        sched_yield();
    syscall(SYS_tgkill, getpid(), target, SIGUSR1);
    return NULL;
}

/* glibc registers the structure of the kernel's first version, of 32 bytes. */
static void leave_rseq(void) {
    char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
    if (__rseq_size && syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
        broken("rseq");
}

/* 3 of the facts. own_stack: whether the alternate stack has the thread's own key, not key 0. */
static void signal_arrives(int own_stack) {
    pthread_t sender;
    int key = new_key();
    leave_rseq();
    shared = (Shared *)tagged(PAGE, key);
    stack_t stack = {.ss_sp = own_stack ? tagged(STACK, key) : tagged(STACK, 0), .ss_size = STACK};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    target = (pid_t)syscall(SYS_gettid);
    if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
        broken("sigaltstack");
    if (pthread_create(&sender, NULL, send, NULL))
        broken("pthread_create");
    /* Nothing but registers and the tagged page until it has happened. */
    __asm__ volatile("wrpkru\n\t"
                     "movl $1, (%%rsi)\n"
                     "1:\tpause\n\t"
                     "cmpl $0, 4(%%rsi)\n\t"
                     "je 1b\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "wrpkru"
                     :
                     : "a"(only(key)), "c"(0), "d"(0), "S"(shared)
                     : "memory", "cc");
    survives("the signal was delivered");
}

static void signal_usual_stack(int sealed) {
    (void)sealed;
    signal_arrives(0);
}

static void signal_own_stack(int sealed) {
    (void)sealed;
    signal_arrives(1);
}

static void *spin(void *unused) {
    (void)unused;
    for (;;)
        sched_yield();
    return NULL;
}

/* Gives the CPU away to a busy sibling on the same one, again and again. */
static void preempted(void) {
    pthread_t sibling;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) || pthread_create(&sibling, NULL, spin, NULL))
        broken("pthread_create");
    __asm__ volatile("wrpkru\n"
                     "1:\tmovl %[yield], %%eax\n\t"
                     "syscall\n\t"
                     "decl %%ebx\n\t"
                     "jnz 1b\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "xorl %%ecx, %%ecx\n\t"
                     "xorl %%edx, %%edx\n\t"
                     "wrpkru"
                     : "+b"((int){ROUNDS})
                     : "a"(only(new_key())), "c"(0), "d"(0), [yield] "i"(SYS_sched_yield)
                     : "memory", "cc", "r11");
    survives("it was preempted and went on");
}

/* 2 of the facts: at each preemption the kernel reads the thread's rseq area, which has key 0. */
static void with_rseq(int sealed) {
    (void)sealed;
    if (!__rseq_size)
        without("rseq");
    preempted();
}

/* 46 */
static void without_rseq(int sealed) {
    (void)sealed;
    if (!__rseq_size)
        without("rseq");
    leave_rseq();
    preempted();
}

const Case SIGNAL_CASES[] = {
    {"signal", signal_usual_stack},
    {"signal-own-stack", signal_own_stack},
    {"rseq", with_rseq},
    {"rseq-off", without_rseq},
    {NULL, NULL},
};
