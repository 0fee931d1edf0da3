/* The Mandelbrot set on N by N points, 50 steps at most: mandelbrot REPEATS N prints how many points are inside, and a
   checksum of the steps. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int steps(double cx, double cy) {
  double x = 0, y = 0;
  int i = 0;
  for (; i < 50; i++) {
    double xx = x * x, yy = y * y;
    if (xx + yy > 4) break;
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return i;
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, n = argc > 2 ? atoi(argv[2]) : 500;
  uint32_t inside = 0, checksum = 0;
  while (repeats-- > 0) {
    for (int row = 0; row < n; row++) {
      for (int column = 0; column < n; column++) {
        int found = steps(2.0 * column / n - 1.5, 2.0 * row / n - 1.0);
        inside += found == 50;
        checksum = checksum * 31 + (uint32_t)found;
      }
    }
  }
  printf("%u %u\n", (unsigned)inside, (unsigned)checksum);
  return 0;
}
