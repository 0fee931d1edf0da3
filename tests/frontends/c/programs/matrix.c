/* Systems of equations by LU with pivots, determinants, inverses, least squares, eigenvalues by Jacobi. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int rows, columns;
  double *at;
} Matrix;

static Matrix make(int rows, int columns) {
  Matrix m = {rows, columns, calloc((size_t)rows * (size_t)columns, sizeof(double))};
  if (!m.at) {
    fprintf(stdout, "out of memory\n");
    abort();
  }
  return m;
}

#define AT(m, i, j) ((m).at[(i) * (m).columns + (j)])

static Matrix copy(Matrix m) {
  Matrix c = make(m.rows, m.columns);
  memcpy(c.at, m.at, (size_t)m.rows * (size_t)m.columns * sizeof(double));
  return c;
}

static Matrix multiply(Matrix a, Matrix b) {
  Matrix c = make(a.rows, b.columns);
  for (int i = 0; i < a.rows; i++)
    for (int j = 0; j < b.columns; j++) {
      double sum = 0;
      for (int k = 0; k < a.columns; k++) sum += AT(a, i, k) * AT(b, k, j);
      AT(c, i, j) = sum;
    }
  return c;
}

static Matrix transpose(Matrix a) {
  Matrix t = make(a.columns, a.rows);
  for (int i = 0; i < a.rows; i++)
    for (int j = 0; j < a.columns; j++) AT(t, j, i) = AT(a, i, j);
  return t;
}

/* In place; the order of the rows; the sign of that order, 0 for a singular matrix. */
static int decompose(Matrix a, int *order) {
  int n = a.rows, sign = 1;
  for (int i = 0; i < n; i++) order[i] = i;
  for (int k = 0; k < n; k++) {
    int pivot = k;
    for (int i = k + 1; i < n; i++)
      if (fabs(AT(a, i, k)) > fabs(AT(a, pivot, k))) pivot = i;
    if (fabs(AT(a, pivot, k)) < 1e-12) return 0;
    if (pivot != k) {
      for (int j = 0; j < n; j++) {
        double swap = AT(a, k, j);
        AT(a, k, j) = AT(a, pivot, j);
        AT(a, pivot, j) = swap;
      }
      int swap = order[k];
      order[k] = order[pivot], order[pivot] = swap;
      sign = -sign;
    }
    for (int i = k + 1; i < n; i++) {
      double factor = AT(a, i, k) /= AT(a, k, k);
      for (int j = k + 1; j < n; j++) AT(a, i, j) -= factor * AT(a, k, j);
    }
  }
  return sign;
}

static void solve(Matrix lu, const int *order, const double *b, double *x) {
  int n = lu.rows;
  for (int i = 0; i < n; i++) {
    x[i] = b[order[i]];
    for (int j = 0; j < i; j++) x[i] -= AT(lu, i, j) * x[j];
  }
  for (int i = n; i-- > 0;) {
    for (int j = i + 1; j < n; j++) x[i] -= AT(lu, i, j) * x[j];
    x[i] /= AT(lu, i, i);
  }
}

static void print(const char *name, Matrix m) {
  printf("%s (%d x %d)\n", name, m.rows, m.columns);
  for (int i = 0; i < m.rows; i++) {
    for (int j = 0; j < m.columns; j++) printf("%12.6f", AT(m, i, j) == 0 ? 0 : AT(m, i, j));
    putchar('\n');
  }
}

/* Eigenvalues of a symmetric matrix, by turning planes until it is diagonal. */
static void jacobi(Matrix a, double *values) {
  int n = a.rows;
  for (int sweep = 0; sweep < 30; sweep++) {
    double off = 0;
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++) {
        off += AT(a, p, q) * AT(a, p, q);
        if (fabs(AT(a, p, q)) < 1e-300) continue;
        double theta = (AT(a, q, q) - AT(a, p, p)) / (2 * AT(a, p, q));
        double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1),
               s = t * c;
        for (int k = 0; k < n; k++) {
          double x = AT(a, k, p), y = AT(a, k, q);
          AT(a, k, p) = c * x - s * y;
          AT(a, k, q) = s * x + c * y;
        }
        for (int k = 0; k < n; k++) {
          double x = AT(a, p, k), y = AT(a, q, k);
          AT(a, p, k) = c * x - s * y;
          AT(a, q, k) = s * x + c * y;
        }
      }
    if (off < 1e-22) break;
  }
  for (int i = 0; i < n; i++) values[i] = AT(a, i, i);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static uint32_t seed = 12345;
static double next(void) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) / 16777216.0 * 2 - 1;
}

int main(void) {
  int n = 6, order[6];
  Matrix a = make(n, n);
  double b[6], x[6], values[6];
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) AT(a, i, j) = next();
    b[i] = next();
  }
  print("a", a);
  Matrix lu = copy(a);
  int sign = decompose(lu, order);
  double determinant = sign;
  for (int i = 0; i < n; i++) determinant *= AT(lu, i, i);
  printf("determinant %.9e\n", determinant);
  solve(lu, order, b, x);
  double worst = 0;
  for (int i = 0; i < n; i++) {
    double sum = -b[i];
    for (int j = 0; j < n; j++) sum += AT(a, i, j) * x[j];
    if (fabs(sum) > worst) worst = fabs(sum);
    printf("x[%d] = %.9f\n", i, x[i]);
  }
  printf("residue %s\n", worst < 1e-12 ? "small" : "large");
  Matrix inverse = make(n, n);
  for (int j = 0; j < n; j++) {
    double unit[6] = {0}, column[6];
    unit[j] = 1;
    solve(lu, order, unit, column);
    for (int i = 0; i < n; i++) AT(inverse, i, j) = column[i];
  }
  print("inverse", inverse);
  Matrix identity = multiply(a, inverse), symmetric = multiply(transpose(a), a);
  double trace = 0;
  for (int i = 0; i < n; i++) trace += AT(identity, i, i);
  printf("trace %.6f\n", trace);
  jacobi(symmetric, values);
  qsort(values, (size_t)n, sizeof *values, ascending);
  for (int i = 0; i < n; i++) printf("singular value %.7f\n", sqrt(values[i]));
  /* a line through points */
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int i = 0; i < 50; i++) {
    double px = i / 10.0, py = 3 * px - 2 + next() / 10;
    sx += px, sy += py, sxx += px * px, sxy += px * py;
  }
  double slope = (50 * sxy - sx * sy) / (50 * sxx - sx * sx);
  printf("line %.6f x %+.6f\n", slope, (sy - slope * sx) / 50);
  return 0;
}
