/* The product of two matrices of N by N doubles, in rows of their own, the second one transposed before: matmul REPEATS N. */
#include <stdio.h>
#include <stdlib.h>

static double **matrix(int n) {
  double **rows = malloc((size_t)n * sizeof *rows);
  for (int i = 0; i < n; i++) rows[i] = malloc((size_t)n * sizeof **rows);
  return rows;
}

static void multiply(int n, double **a, double **b, double **turned, double **product) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) turned[i][j] = b[j][i];
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int k = 0; k < n; k++) sum += a[i][k] * turned[j][k];
      product[i][j] = sum;
    }
  }
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, n = argc > 2 ? atoi(argv[2]) : 300;
  double **a = matrix(n), **b = matrix(n), **turned = matrix(n), **product = matrix(n), sum = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      a[i][j] = (double)(i - j) * (i + j) / n / n;
      b[i][j] = (double)(j - i) * (i + j + 1) / n / n;
    }
  }
  while (repeats-- > 0) {
    multiply(n, a, b, turned, product);
    sum += product[n / 2][n / 2];
    a[n / 3][n / 2] += 1; /* each repetition has something new to find */
  }
  printf("%.6f\n", sum);
  return 0;
}
