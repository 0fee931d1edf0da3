#include <stdint.h>
#include <stdlib.h>

static uint32_t state = 1;

void srand(unsigned seed) { state = seed; }

/* A Weyl sequence whose values are mixed: each seed gives all 2^32 states. Mixing: "lowbias32" has the same
 * form (multiply, shift right, exclusive or); the constants are the golden ratio's and that of MurmurHash3.
 */
int rand(void) {
  uint32_t x = state += 0x9e3779b9u;
  x = (x ^ x >> 16) * 0x85ebca6bu;
  x = (x ^ x >> 13) * 0xc2b2ae35u;
  return (int)((x ^ x >> 16) >> 1);
}
