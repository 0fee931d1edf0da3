/* Ways to put N queens on a board of N by N, row by row, each looked at with those before it: nqueens REPEATS N. */
#include <stdio.h>
#include <stdlib.h>

static int column[32];

static int fits(int row, int at) {
  for (int i = 0; i < row; i++) {
    int other = column[i], distance = row - i;
    if (other == at || other == at - distance || other == at + distance) return 0;
  }
  return 1;
}

static unsigned place(int row, int n) {
  if (row == n) return 1;
  unsigned count = 0;
  for (int at = 0; at < n; at++) {
    if (fits(row, at)) {
      column[row] = at;
      count += place(row + 1, n);
    }
  }
  return count;
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, n = argc > 2 ? atoi(argv[2]) : 11;
  unsigned sum = 0;
  while (repeats-- > 0) sum = sum * 31 + place(0, n);
  printf("%u\n", sum);
  return 0;
}
