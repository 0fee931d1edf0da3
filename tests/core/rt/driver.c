/* mem.c, compiled with its functions renamed, against plain loops over every size, distance and offset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *rt_memcpy(void *to, const void *from, size_t bytes);
void *rt_memmove(void *to, const void *from, size_t bytes);
void *rt_memset(void *to, int value, size_t bytes);
int rt_memcmp(const void *a, const void *b, size_t bytes);

/* What is done in blocks is done in several of them. */
enum { SIZE = 48, LARGE = 400 };

static unsigned char now[SIZE], before[SIZE];

static void fill(void) {
  for (int i = 0; i < SIZE; i++) now[i] = before[i] = (unsigned char)(i * 37 + 11);
}

static void check(int holds, const char *what, int a, int b, int c) {
  if (holds) return;
  printf("%s %d %d %d\n", what, a, b, c);
  exit(1);
}

/* Lengths of several blocks, at few places. */
static void large(void) {
  static unsigned char at[LARGE], was[LARGE];
  static const int apart[] = {0, 1, 7, 15, 16, 17, 31, 32, 33, 47, 64, 65, 100, 131};
  enum { PLACES = sizeof apart / sizeof *apart };
  for (int one = 0; one < PLACES; one++)
    for (int other = 0; other < PLACES; other++)
      for (int bytes = 30; bytes + 131 <= LARGE; bytes += 1 + bytes / 64) {
        int to = apart[one], from = apart[other];
        for (int i = 0; i < LARGE; i++) at[i] = was[i] = (unsigned char)(i * 37 + i / 7);
        rt_memmove(at + to, at + from, (size_t)bytes);
        for (int i = 0; i < LARGE; i++)
          check(at[i] == (i >= to && i < to + bytes ? was[i - to + from] : was[i]), "memmove", to, from, bytes);
        check(rt_memcmp(at + to, was + from, (size_t)bytes) == 0, "memcmp of equals", to, from, bytes);
        int differs = to + bytes * one / PLACES;
        at[differs]++;
        at[to + bytes - 1] -= 3; /* the first that differs counts */
        int found = rt_memcmp(at + to, was + from, (size_t)bytes), right = memcmp(at + to, was + from, (size_t)bytes);
        check((found > 0) == (right > 0) && (found < 0) == (right < 0), "memcmp", to, from, bytes);
        if (to == from) continue;
        rt_memcpy(at, was + to, (size_t)bytes);
        rt_memset(at + bytes, from, (size_t)to);
        for (int i = 0; i < bytes + to; i++)
          check(at[i] == (i < bytes ? was[i + to] : from), "memcpy, memset", to, from, bytes);
      }
}

int main(void) {
  for (int to = 0; to < SIZE; to++)
    for (int from = 0; from < SIZE; from++)
      for (int bytes = 0; bytes + (to > from ? to : from) <= SIZE; bytes++) {
        fill();
        check(rt_memmove(now + to, now + from, (size_t)bytes) == now + to, "memmove's result", to, from, bytes);
        for (int i = 0; i < SIZE; i++)
          check(now[i] == (i >= to && i < to + bytes ? before[i - to + from] : before[i]), "memmove", to, from, bytes);
        int apart = to >= from + bytes || from >= to + bytes;
        fill();
        if (apart) rt_memcpy(now + to, now + from, (size_t)bytes);
        for (int i = 0; apart && i < SIZE; i++)
          check(now[i] == (i >= to && i < to + bytes ? before[i - to + from] : before[i]), "memcpy", to, from, bytes);
      }
  for (int to = 0; to < SIZE; to++)
    for (int bytes = 0; to + bytes <= SIZE; bytes++) {
      fill();
      check(rt_memset(now + to, 0x1a5, (size_t)bytes) == now + to, "memset's result", to, bytes, 0);
      for (int i = 0; i < SIZE; i++)
        check(now[i] == (i >= to && i < to + bytes ? 0xa5 : before[i]), "memset", to, bytes, i);
    }
  for (int bytes = 0; bytes <= SIZE; bytes++) {
    fill();
    check(rt_memcmp(now, before, (size_t)bytes) == 0, "memcmp of equals", bytes, 0, 0);
    for (int at = 0; at < bytes; at++) {
      fill();
      now[at] = 0xff;
      before[at] = 0x7f; /* unsigned bytes are compared */
      check(rt_memcmp(now, before, (size_t)bytes) > 0, "memcmp", bytes, at, 1);
      check(rt_memcmp(before, now, (size_t)bytes) < 0, "memcmp", bytes, at, -1);
      check(rt_memcmp(before, now, (size_t)at) == 0, "memcmp of a part", bytes, at, 0);
    }
  }
  large();
  puts("ok");
  return 0;
}
