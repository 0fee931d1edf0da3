/* What C has beside what the programs use: each line prints something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <inttypes.h>
#include <limits.h>
#include <float.h>
#include <tgmath.h>
#include <stdatomic.h>
#include <stdalign.h>
#include <iso646.h>
#include <locale.h>
#include <ctype.h>
#include <errno.h>
#include <time.h>
#include <assert.h>
static _Thread_local int tls = 3;
static atomic_int counter;
struct bits {
  unsigned a : 3;
  int b : 5;
  long long c : 40;
};
union u {
  float f;
  uint32_t i;
};
typedef struct {
  char name[20];
  double v[3];
} rec;
static rec make(const char *n, double x) {
  rec r;
  strcpy(r.name, n);
  for (int i = 0; i < 3; i++) r.v[i] = x * i;
  return r;
}
static int sum(int n, ...) {
  va_list a, b;
  va_start(a, n);
  va_copy(b, a);
  int s = 0;
  for (int i = 0; i < n; i++) s += va_arg(a, int);
  for (int i = 0; i < n; i++) s += va_arg(b, int);
  va_end(a);
  va_end(b);
  return s;
}
static int vm(const unsigned char *c) {
  static void *const t[] = {&&inc, &&dbl, &&end};
  int x = 1;
  goto *t[*c++];
inc:
  x++;
  goto *t[*c++];
dbl:
  x *= 2;
  goto *t[*c++];
end:
  return x;
}
#define NAME(x) _Generic((x), int: "int", double: "double", char *: "text", default: "other")
static int cmp(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void) {
  assert(1 and not 0);
  struct bits b = {5, -3, 1LL << 38};
  printf("%u %d %lld %zu\n", b.a, b.b, (long long)b.c, sizeof(rec));
  union u u = {1.5f};
  printf("%08" PRIx32 "\n", u.i);
  rec r = make("abc", 2.5);
  printf("%s %.1f %.1f\n", r.name, r.v[1], r.v[2]);
  printf("%d %d %s %s\n", sum(3, 1, 2, 3), vm((unsigned char[]){0, 1, 1, 0, 2}), NAME(1), NAME("x"));
  int n = atoi("7");
  int vla[n];
  for (int i = 0; i < n; i++) vla[i] = (i * 5) % n;
  qsort(vla, n, sizeof *vla, cmp);
  for (int i = 0; i < n; i++) printf("%d ", vla[i]);
  puts("");
  char *p = __builtin_alloca(n * 10);
  sprintf(p, "%0*d", n, 42);
  puts(p);
  printf("%Lf %.3Lg %d\n", 1.25L, 3.14159L, tls++ + atomic_fetch_add(&counter, 2) + counter);
  unsigned __int128 w = (unsigned __int128)UINT64_MAX * 1000 / 7;
  printf("%" PRIu64 " %" PRIu64 "\n", (uint64_t)(w >> 64), (uint64_t)w);
  printf("%g %g %.9g\n", sqrt(2.0), (double)sqrtf(2.0f), (double)pow(2.0f, 0.5f));
  printf("%d %d %d %s\n", INT_MAX, CHAR_BIT, DBL_MANT_DIG, setlocale(LC_ALL, "C"));
  float f;
  long double ld;
  double d;
  printf("%d", sscanf("1.5 2.5 3.5", "%f %lf %Lf", &f, &d, &ld));
  printf(" %g %g %Lg\n", f, d, ld);
  int x = 5;
  x = x << 2 | (x >> 1);
  printf("%#x %o %5.1f%% %-5s| %+d %c%n", x, x, 99.5, "ab", 7, 'z', &x);
  printf(" %d\n", x);
  printf("%s\n", strtok((char[]){"a,b;c"}, ",;"));
  printf("%.*s|%*d|%-*d|\n", 2, "xyz", 5, 42, 5, 42);
  switch (x) {
    case 1 ... 5: puts("low"); break;
    default: puts("high");
  }
  for (int i = 0; i < 3; i++) {
    static int calls;
    calls++;
    if (i == 2) printf("calls %d\n", calls);
  }
  struct {
    int a, b[];
  } *fl = malloc(sizeof(int) * 4);
  fl->b[2] = 9;
  printf("%d\n", fl->b[2]);
  free(fl);
  double inf = INFINITY;
  printf("%d %d %d %f %e\n", isnan(NAN) != 0, isinf(-inf) != 0, signbit(-0.0) != 0, inf, -inf);
  uint8_t big[40000];
  memset(big, 1, sizeof big);
  long s = 0;
  for (size_t i = 0; i < sizeof big; i++) s += big[i];
  printf("%ld\n", s);
  return EXIT_SUCCESS;
}
