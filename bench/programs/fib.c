/* Fibonacci numbers by calls alone: fib REPEATS N. */
#include <stdio.h>
#include <stdlib.h>

static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1;
  unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 35, sum = 0;
  /* What was found before has a say: or a compiler that sees that fib has no effects calls it once. */
  while (repeats-- > 0) sum = sum * 31 + fib(n + (sum == 1));
  printf("%u\n", sum);
  return 0;
}
