/* Interface `entry` of executables that embed themselves. */
#include "tb_platform.h"
#include "exercise.h"
#include "tb_jump.h"

#ifdef TB_HOSTED
#include "tb_hosted.h"
#include <stdlib.h>
#endif

size_t around_read(void *to, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    long some = tb_platform_read(0, (u8 *)to + done, bytes - done);
    if (some <= 0) break;
    done += (size_t)some;
  }
  return done;
}

void around_write(const void *from, size_t bytes) {
  static u8 buffer[4096];
  static u64 used;
  const u8 *at = from;
  if (!from || used + bytes > sizeof buffer) {
    for (u64 done = 0; done < used;) done += (u64)tb_platform_write(1, buffer + done, used - done);
    used = 0;
  }
  if (bytes > sizeof buffer) tb_platform_exit(3);
  for (size_t i = 0; i < bytes; i++) buffer[used++] = at[i];
}

_Noreturn void around_end(int status) {
  around_write(0, 0);
  tb_platform_exit(status);
}

#ifdef TB_HOSTED
/* A block of its own, so that a sanitizer sees what is read behind it. */
void *around_take(size_t bytes) {
  static void *taken;
  free(taken);
  return taken = malloc(bytes);
}
int64_t around_mapped(void) { return tb_hosted_mapped; }
int around_refuse(int64_t later) {
  tb_hosted_later = later;
  return 1;
}
#else
void *around_take(size_t bytes) {
  static u64 memory[1 << 18];
  return bytes <= sizeof memory ? memory : 0;
}
int64_t around_mapped(void) { return 0; }
int around_refuse(int64_t later) {
  (void)later;
  return 0;
}
#endif

/* Whoever has so many values across a call has them in all the registers that a callee keeps, and on the stack. Those
 * of the function that jumps are others than those of the one to which it comes back. */
enum { VALUES = 14 };
static volatile u64 integers[2 * VALUES];
static volatile double reals[2 * VALUES];

#define VALUES_READ(from)                                                                                          \
  u64 a = integers[from], b = integers[from + 1], c = integers[from + 2], d = integers[from + 3],                  \
      e = integers[from + 4], f = integers[from + 5], g = integers[from + 6], h = integers[from + 7],              \
      i = integers[from + 8], j = integers[from + 9], k = integers[from + 10], l = integers[from + 11],            \
      m = integers[from + 12], n = integers[from + 13];                                                            \
  double A = reals[from], B = reals[from + 1], C = reals[from + 2], D = reals[from + 3], E = reals[from + 4],      \
         F = reals[from + 5], G = reals[from + 6], H = reals[from + 7], I = reals[from + 8], J = reals[from + 9],  \
         K = reals[from + 10], L = reals[from + 11], M = reals[from + 12], N = reals[from + 13]
#define VALUES_ARE_KEPT(from)                                                                                      \
  (a == integers[from] && b == integers[from + 1] && c == integers[from + 2] && d == integers[from + 3] &&         \
   e == integers[from + 4] && f == integers[from + 5] && g == integers[from + 6] && h == integers[from + 7] &&     \
   i == integers[from + 8] && j == integers[from + 9] && k == integers[from + 10] && l == integers[from + 11] &&   \
   m == integers[from + 12] && n == integers[from + 13] && A == reals[from] && B == reals[from + 1] &&             \
   C == reals[from + 2] && D == reals[from + 3] && E == reals[from + 4] && F == reals[from + 5] &&                 \
   G == reals[from + 6] && H == reals[from + 7] && I == reals[from + 8] && J == reals[from + 9] &&                 \
   K == reals[from + 10] && L == reals[from + 11] && M == reals[from + 12] && N == reals[from + 13])

static struct tb_jump back;
static TB_NOINLINE void leaves(void) { tb_jump_to(&back); }
static void (*volatile left)(void) = leaves; /* it might come back, for all that the compiler knows */

static TB_NOINLINE u32 goes(void) {
  VALUES_READ(VALUES);
  left();
  return VALUES_ARE_KEPT(VALUES);
}
static u32 (*volatile gone)(void) = goes;

static TB_NOINLINE u32 jumps(void) {
  if (!tb_jump_set(&back)) {
    gone();
    return 0;
  }
  return 1;
}
static u32 (*volatile jumped)(void) = jumps;

/* The values are there when a function comes back that others came back to by a jump. */
static TB_NOINLINE u32 values_are_kept(void) {
  VALUES_READ(0);
  u32 back_again = jumped();
  return back_again && VALUES_ARE_KEPT(0);
}

_Noreturn void tb_entry(const void *start) {
  (void)start;
  for (u32 i = 0; i < 2 * VALUES; i++) {
    integers[i] = 0x0101010101010101u * (i + 3);
    reals[i] = i + 0.5;
  }
  CHECK(values_are_kept());
  exercise();
  around_end(0);
}
