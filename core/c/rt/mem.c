/* The four functions that compilers call by themselves. What the index is stays hidden in each loop, so that no
 * compiler makes of it a call to the function it is in. Option `copy.wide` chooses between two kinds: a byte at a
 * time is small, blocks are fast. */
#include "tb.h"

typedef __SIZE_TYPE__ size;

void *memcpy(void *restrict to, const void *restrict from, size bytes);
void *memmove(void *to, const void *from, size bytes);
void *memset(void *to, int value, size bytes);
int memcmp(const void *a, const void *b, size bytes);

/* Where a processor reads and writes words at any address as fast as bytes. */
#if TB_COPY_WIDE && (defined __x86_64__ || defined __aarch64__ || defined __wasm__)
#include "mem_wide.h"
#else

void *memcpy(void *restrict to, const void *restrict from, size bytes) {
  for (size i = 0; i < bytes; i++) {
    TB_FORGET(i);
    ((u8 *)to)[i] = ((const u8 *)from)[i];
  }
  return to;
}

void *memmove(void *to, const void *from, size bytes) {
  size back = (uptr)to - (uptr)from < bytes ? bytes : 0; /* to is inside of from */
  for (size i = 0; i < bytes; i++) {
    TB_FORGET(i);
    size at = back ? back - 1 - i : i;
    ((u8 *)to)[at] = ((const u8 *)from)[at];
  }
  return to;
}

void *memset(void *to, int value, size bytes) {
  for (size i = 0; i < bytes; i++) {
    TB_FORGET(i);
    ((u8 *)to)[i] = (u8)value;
  }
  return to;
}

int memcmp(const void *a, const void *b, size bytes) {
  for (size i = 0; i < bytes; i++) {
    TB_FORGET(i);
    int difference = ((const u8 *)a)[i] - ((const u8 *)b)[i];
    if (difference != 0) return difference;
  }
  return 0;
}
#endif
