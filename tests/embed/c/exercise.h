/* Everything that tblvm.h has, used in every way: by C alone, so that it runs on a C library and on nothing. */
#ifndef EXERCISE_H
#define EXERCISE_H
#include "tblvm.h"

/* What stands around it. take: memory for so many bytes, until the next one is taken. mapped: bytes that the runtime
 * has of the system; refuse: the mapping after so many more is refused, never for a negative number; both do nothing
 * where the platform layer is the real one. */
size_t around_read(void *to, size_t bytes);
void around_write(const void *from, size_t bytes);
_Noreturn void around_end(int status);
void *around_take(size_t bytes);
int64_t around_mapped(void);
int around_refuse(int64_t later);

_Noreturn void broken(const char *condition, int line);
#define CHECK(condition) ((condition) ? (void)0 : broken(#condition, __LINE__))

/* A module to load, null for the program inside. */
struct module {
  const void *bytes;
  size_t size;
};

/* Reads what to do from standard input: words (kind, size), then the module. */
enum { EXERCISE_NARROW = 1, EXERCISE_WIDE, EXERCISE_LOADING, EXERCISE_ANY, EXERCISE_NUL, EXERCISE_SHARING };
void exercise(void);
/* What instances share, where the library has that: told twice, of the owner of what is shared, and of who shares it. */
void sharing(struct module module) __attribute__((weak));

/* A store with all that the program narrow imports, and the program. */
tblvm_store *exercise_store(void);
tblvm_context *exercise_load(tblvm_store *store, struct module module);
/* What host function env.ask does from now on, in place of giving its argument plus 1. */
typedef int exercise_asked(uint64_t *slots, tblvm_context *context);
extern exercise_asked *exercise_ask;

int call(tblvm_context *context, const char *name);
int same(const char *one, const char *other);

#endif
