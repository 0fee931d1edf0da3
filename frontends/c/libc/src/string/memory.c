/* Blocks of bytes. Copying and filling are instructions of the machine. */
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  __builtin_memcpy(to, from, size);
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  __builtin_memmove(to, from, size);
  return to;
}

void *memset(void *to, int byte, size_t size) {
  __builtin_memset(to, byte, size);
  return to;
}

int memcmp(const void *one, const void *other, size_t size) {
  const unsigned char *a = one, *b = other;
  for (; size; a++, b++, size--)
    if (*a != *b) return *a - *b;
  return 0;
}

int bcmp(const void *one, const void *other, size_t size) { return memcmp(one, other, size); }

void *memchr(const void *in, int byte, size_t size) {
  for (const unsigned char *at = in; size; at++, size--)
    if (*at == (unsigned char)byte) return (void *)at;
  return NULL;
}
