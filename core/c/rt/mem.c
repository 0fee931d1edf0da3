/* The four functions that compilers call by themselves. A byte at a time: small, not fast. What
 * the index is stays hidden, so that no compiler makes of the loop a call to the function it is in. */
#include "tb.h"

typedef __SIZE_TYPE__ size;

void *memcpy(void *restrict to, const void *restrict from, size bytes);
void *memmove(void *to, const void *from, size bytes);
void *memset(void *to, int value, size bytes);
int memcmp(const void *a, const void *b, size bytes);

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
