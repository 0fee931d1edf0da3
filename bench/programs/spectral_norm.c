/* The spectral norm of the infinite matrix A(i, j) = 1 / ((i + j)(i + j + 1) / 2 + i + 1), of its first N rows and columns,
   by the power method: spectral_norm REPEATS N. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(int n, const double *v, double *out) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += element(i, j) * v[j];
    out[i] = sum;
  }
}

static void times_transposed(int n, const double *v, double *out) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += element(j, i) * v[j];
    out[i] = sum;
  }
}

static double norm(int n, double *u, double *v, double *between) {
  for (int i = 0; i < n; i++) u[i] = 1;
  for (int round = 0; round < 10; round++) {
    times(n, u, between);
    times_transposed(n, between, v);
    times(n, v, between);
    times_transposed(n, between, u);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return sqrt(uv / vv);
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, n = argc > 2 ? atoi(argv[2]) : 500;
  double *room = malloc(3 * sizeof(double) * (size_t)n), sum = 0;
  while (repeats-- > 0) sum += norm(n, room, room + n, room + 2 * n);
  printf("%.9f\n", sum);
  free(room);
  return 0;
}
