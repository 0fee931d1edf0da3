/* Virtual calls: shapes of five kinds, each with a table of functions, are asked for area and outline, and grow.
   shapes REPEATS SHAPES goes REPEATS times over all. shapes.tba does the same with classes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct shape;

struct kind {
  double (*area)(const struct shape *);
  double (*outline)(const struct shape *);
  void (*grow)(struct shape *, double);
};

struct shape {
  const struct kind *kind;
  double a, b;
};

#define PI 3.141592653589793

static double square_area(const struct shape *s) { return s->a * s->a; }
static double square_outline(const struct shape *s) { return 4 * s->a; }
static void grow_one(struct shape *s, double by) { s->a *= by; }

static double rectangle_area(const struct shape *s) { return s->a * s->b; }
static double rectangle_outline(const struct shape *s) { return 2 * (s->a + s->b); }
static void grow_both(struct shape *s, double by) {
  s->a *= by;
  s->b *= by;
}

static double circle_area(const struct shape *s) { return PI * s->a * s->a; }
static double circle_outline(const struct shape *s) { return 2 * PI * s->a; }

static double triangle_area(const struct shape *s) { return s->a * s->a * 0.4330127018922193; }
static double triangle_outline(const struct shape *s) { return 3 * s->a; }

static double ring_area(const struct shape *s) { return PI * (s->a * s->a - s->b * s->b); }
static double ring_outline(const struct shape *s) { return 2 * PI * (s->a + s->b); }

static const struct kind kinds[5] = {
    {square_area, square_outline, grow_one},       {rectangle_area, rectangle_outline, grow_both},
    {circle_area, circle_outline, grow_one},       {triangle_area, triangle_outline, grow_one},
    {ring_area, ring_outline, grow_both},
};

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 100, count = argc > 2 ? atoi(argv[2]) : 5000;
  struct shape *all = malloc((size_t)count * sizeof *all);
  uint32_t x = 1;
  double sum = 0;
  for (int i = 0; i < count; i++) {
    x = x * 1664525 + 1013904223;
    all[i] = (struct shape){&kinds[(x >> 16) % 5], 2 + i % 7, 1 + i % 3 * 0.25};
  }
  for (int round = 0; round < repeats; round++) {
    double by = round % 2 ? 0.5 : 2;
    for (int i = 0; i < count; i++) {
      struct shape *s = &all[i];
      sum += s->kind->area(s) + s->kind->outline(s);
      s->kind->grow(s, by);
    }
  }
  printf("%lld\n", (long long)sum);
  free(all);
  return 0;
}
