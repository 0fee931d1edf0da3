/* Fannkuch: over all permutations of 1 to N, the most reversals of a prefix as long as the first number until that is 1,
   and a checksum. fannkuch REPEATS N. After Anderson and Rettig, "Performing Lisp analysis of the FANNKUCH benchmark". */
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 12 };

static int flips(const int *permutation, int n) {
  int work[MOST], count = 0;
  for (int i = 0; i < n; i++) work[i] = permutation[i];
  for (int first = work[0]; first; first = work[0]) {
    for (int low = 0, high = first; low < high; low++, high--) {
      int kept = work[low];
      work[low] = work[high];
      work[high] = kept;
    }
    count++;
  }
  return count;
}

static int fannkuch(int n, int *checksum) {
  int permutation[MOST], left[MOST], most = 0, odd = 0, depth = n;
  for (int i = 0; i < n; i++) permutation[i] = i;
  for (;;) {
    for (; depth > 1; depth--) left[depth - 1] = depth;
    int count = flips(permutation, n);
    if (count > most) most = count;
    *checksum += odd ? -count : count;
    odd = !odd;
    for (;;) { /* the next permutation: rotate a prefix by one, a longer one where it has been all around */
      if (depth == n) return most;
      int first = permutation[0];
      for (int i = 0; i < depth; i++) permutation[i] = permutation[i + 1];
      permutation[depth] = first;
      if (--left[depth] > 0) break;
      depth++;
    }
  }
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, n = argc > 2 ? atoi(argv[2]) : 10, checksum = 0, most = 0;
  while (repeats-- > 0) most += fannkuch(n, &checksum);
  printf("%d %d\n", checksum, most);
  return 0;
}
