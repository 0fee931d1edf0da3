/* What a bare kernel lets native code do that runs behind protection keys.

   Each case stands behind a wall: a page with a secret, tagged with a key that the thread's PKRU denies; that
   it holds is tried first. Then the case tries its way round it, as a hostile program would, and says how that ended:

     leak      the secret was read, or what stood behind the wall was replaced
     denied    the kernel refused, or the wall held
     survives  nothing happened where something might have (cases about what kills a thread)
     without   the kernel does not have what the case needs

   A case that the kernel ends by a signal says nothing: whoever started it sees the signal. */
#ifndef RAW_H
#define RAW_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

enum { PAGE = 4096, ALL_BUT_KEY_0 = 0x55555554 };

#define SECRET "a secret of the host"
#define FORGED "not what it was before"

typedef struct Wall {
    char *page;
    int key;
    uint32_t rights; /* PKRU behind it */
} Wall;

static inline uint32_t rights(void) {
    uint32_t low, high;
    __asm__ volatile("rdpkru" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static inline void set_rights(uint32_t low) {
    __asm__ volatile("wrpkru" : : "a"(low), "c"(0), "d"(0) : "memory");
}

/* Put up a wall around a private page (below 4 GiB: case 30 needs that), or around *page*, and try it. sealed:
   by mseal, besides. */
Wall wall(int sealed);
Wall wall_around(char *page);

/* Whether a byte at *address* can be read: 1, or 0 where that is a fault; *key* gets the key that it names, -1 for
   another fault. */
int readable(const volatile char *address, int *key);

/* For cases that open the wall: "leak" where the secret can be read now. */
noreturn void judge_reading(const Wall *w);
/* For cases that bring the secret elsewhere. */
noreturn void judge_copy(const char *copy);
/* For cases that replace what stood behind the wall: looks from the host's side. */
noreturn void judge_page(const Wall *w);

noreturn void leak(const char *how);
noreturn void denied(const char *how);
noreturn void refused(const char *call); /* with errno */
noreturn void survives(const char *how);
noreturn void without(const char *what);
noreturn void broken(const char *what); /* the case itself: with errno */

/* The page with the secret, and a page of the attacker's own. */
char *new_page(int flags);

typedef struct Case {
    const char *name;
    void (*run)(int sealed);
} Case;

extern const Case MAPPING_CASES[], KERNEL_CASES[], RING_CASES[], REGISTER_CASES[], SIGNAL_CASES[], THREAD_CASES[];

#endif
