/* What compiled C++ asks for by itself: new and delete, variables that are set up at their first use, virtual
 * functions that are not there. Names: Itanium C++ ABI. */
#include <stdint.h>
#include <stdlib.h>

static void *needed(size_t size) {
  void *found = malloc(size);
  if (!found) abort(); /* there are no exceptions */
  return found;
}

void *_Znwm(size_t size) { return needed(size); }
void *_Znam(size_t size) { return needed(size); }
void _ZdlPv(void *block) { free(block); }
void _ZdaPv(void *block) { free(block); }
void _ZdlPvm(void *block, size_t size) {
  (void)size;
  free(block);
}
void _ZdaPvm(void *block, size_t size) {
  (void)size;
  free(block);
}

int __cxa_guard_acquire(uint8_t *guard) { return !*guard; }
void __cxa_guard_release(uint8_t *guard) { *guard = 1; }
void __cxa_pure_virtual(void) { abort(); }
