/* System calls that change mappings: none asks whether PKRU gives rights to what it changes. */
#include "raw.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 19 */
static void untag(int sealed) {
    Wall w = wall(sealed);
    if (pkey_mprotect(w.page, PAGE, PROT_READ | PROT_WRITE, 0))
        refused("pkey_mprotect");
    judge_reading(&w);
}

/* 20: the kernel has a key of its own for what can only be executed, and takes it away again. */
static void execute_only(int sealed) {
    Wall w = wall(sealed);
    if (mprotect(w.page, PAGE, PROT_EXEC) || mprotect(w.page, PAGE, PROT_READ | PROT_WRITE))
        refused("mprotect");
    judge_reading(&w);
}

/* 21 */
static void map_over(int sealed) {
    Wall w = wall(sealed);
    char *page = mmap(w.page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (page == MAP_FAILED)
        refused("mmap");
    strcpy(page, FORGED); /* without rights to the key: the new page has another */
    judge_page(&w);
}

/* 22 */
static void unmap(int sealed) {
    Wall w = wall(sealed);
    if (munmap(w.page, PAGE))
        refused("munmap");
    char *page = mmap(w.page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == MAP_FAILED)
        refused("mmap");
    strcpy(page, FORGED);
    judge_page(&w);
}

/* 24 */
static void move_over(int sealed) {
    Wall w = wall(sealed);
    char *own = new_page(0);
    strcpy(own, FORGED);
    if (mremap(own, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, w.page) == MAP_FAILED)
        refused("mremap");
    judge_page(&w);
}

/* What mremap does not do: the key goes along. */
static void move_away(int sealed) {
    Wall w = wall(sealed);
    char *to = new_page(0);
    Wall moved = w;
    if ((moved.page = mremap(w.page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to)) == MAP_FAILED)
        refused("mremap");
    judge_reading(&moved);
}

/* Of private memory a page of zeros is left. */
static void discard(int sealed) {
    Wall w = wall(sealed);
    if (madvise(w.page, PAGE, MADV_DONTNEED))
        refused("madvise");
    set_rights(0);
    if (strcmp(w.page, ""))
        denied("the page is as it was");
    leak("the page is empty");
}

/* 28 */
static void two_mappings(int sealed) {
    int file = memfd_create("raw", 0);
    (void)sealed;
    if (file < 0 || ftruncate(file, PAGE))
        broken("memfd_create");
    char *tagged = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (tagged == MAP_FAILED || other == MAP_FAILED)
        broken("mmap");
    wall_around(tagged);
    judge_copy(other);
}

/* 34: the key is free, the page keeps it, and the next who asks gets it, with rights. */
static void free_key(int sealed) {
    Wall w = wall(sealed);
    if (pkey_free(w.key))
        refused("pkey_free");
    if (pkey_alloc(0, 0) != w.key)
        denied("another key came");
    judge_reading(&w);
}

/* 35 */
static void exhaust_keys(int sealed) {
    int count = 0;
    (void)sealed;
    while (pkey_alloc(0, 0) > 0)
        count++;
    if (errno != ENOSPC)
        broken("pkey_alloc");
    denied(count == 15 ? "15 keys" : "another number of keys than 15");
}

/* 8 of the facts: what can only be executed takes one. */
static void exhaust_with_executable(int sealed) {
    int count = 0;
    (void)sealed;
    if (mprotect(new_page(0), PAGE, PROT_EXEC))
        broken("mprotect");
    while (pkey_alloc(0, 0) > 0)
        count++;
    denied(count == 14 ? "14 keys" : "another number of keys than 14");
}

const Case MAPPING_CASES[] = {
    {"pkey_mprotect", untag},        {"execute-only", execute_only}, {"mmap-over", map_over},
    {"munmap", unmap},               {"mremap-over", move_over},     {"mremap-away", move_away},
    {"madvise", discard},            {"two-mappings", two_mappings}, {"pkey_free", free_key},
    {"all-keys", exhaust_keys},      {"all-keys-but-one", exhaust_with_executable},
    {NULL, NULL},
};
