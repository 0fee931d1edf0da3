/* The sieve of Eratosthenes, one byte a number: sieve REPEATS N counts the primes below N. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned primes(uint8_t *composite, unsigned n) {
  unsigned count = 0;
  for (unsigned i = 0; i < n; i++) composite[i] = 0;
  for (unsigned i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    for (unsigned j = i + i; j < n; j += i) composite[j] = 1;
  }
  return count;
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1;
  unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 2000000, sum = 0;
  uint8_t *composite = malloc(n);
  while (repeats-- > 0) sum = sum * 31 + primes(composite, n);
  printf("%u\n", sum);
  free(composite);
  return 0;
}
