/* SHA-256 and MD5 of each line of standard input and of all of it, and of a million letters. RFC 6234, RFC
 * 1321. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
  size_t used;
  int md5;
} Digest;

static uint32_t constants[64], sines[64];

static uint32_t left(uint32_t x, int by) { return x << by | x >> (32 - by); }
static uint32_t right(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* The first 32 bits behind the point of a prime's square root or cube root. */
static uint32_t root_bits(unsigned prime, int cube) {
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 37;
  /* the largest r, the root times 2^32, with r^2 <= p * 2^64, or r^3 <= p * 2^96 */
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2, power = middle * middle;
    int above =
        cube ? power * middle > (unsigned __int128)prime << 96 : power > (unsigned __int128)prime << 64;
    if (above) high = middle;
    else low = middle;
  }
  return (uint32_t)low;
}

static void prepare(uint32_t *first) {
  int found = 0;
  for (unsigned n = 2; found < 64; n++) {
    int prime = 1;
    for (unsigned d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (!prime) continue;
    if (found < 8) first[found] = root_bits(n, 0);
    constants[found++] = root_bits(n, 1);
  }
  /* floor(2^32 |sin(i + 1)|), by the power series after taking turns away */
  for (int i = 0; i < 64; i++) {
    double x = i + 1, turn = 6.283185307179586476925;
    while (x > turn / 2) x -= turn;
    double term = x, sum = x;
    for (int k = 1; k < 20; k++) sum += term *= -x * x / ((2 * k) * (2 * k + 1));
    sines[i] = (uint32_t)((sum < 0 ? -sum : sum) * 4294967296.0);
  }
}

static void sha_block(Digest *d) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)d->block[4 * i] << 24 | d->block[4 * i + 1] << 16 | d->block[4 * i + 2] << 8 |
           d->block[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + (right(w[i - 15], 7) ^ right(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
           (right(w[i - 2], 17) ^ right(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(s, d->state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t one = s[7] + (right(s[4], 6) ^ right(s[4], 11) ^ right(s[4], 25)) +
                   ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    uint32_t two = (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) +
                   ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) d->state[i] += s[i];
}

static void md5_block(Digest *d) {
  static const int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t m[16], a = d->state[0], b = d->state[1], c = d->state[2], e = d->state[3];
  memcpy(m, d->block, sizeof m); /* little-endian, as we are */
  for (int i = 0; i < 64; i++) {
    uint32_t f;
    int g;
    switch (i / 16) {
      case 0: f = (b & c) | (~b & e), g = i; break;
      case 1: f = (e & b) | (~e & c), g = (5 * i + 1) % 16; break;
      case 2: f = b ^ c ^ e, g = (3 * i + 5) % 16; break;
      default: f = c ^ (b | ~e), g = 7 * i % 16;
    }
    f += a + sines[i] + m[g];
    a = e, e = c, c = b;
    b += left(f, turns[i / 16][i % 4]);
  }
  d->state[0] += a, d->state[1] += b, d->state[2] += c, d->state[3] += e;
}

static void update(Digest *d, const void *bytes, size_t size) {
  const uint8_t *at = bytes;
  d->length += size;
  while (size) {
    size_t part = 64 - d->used < size ? 64 - d->used : size;
    memcpy(d->block + d->used, at, part);
    d->used += part, at += part, size -= part;
    if (d->used < 64) return;
    if (d->md5) md5_block(d);
    else sha_block(d);
    d->used = 0;
  }
}

static void print(Digest *d) {
  uint64_t bits = d->length * 8;
  update(d, "\x80", 1);
  while (d->used != 56) update(d, "", 1);
  for (int i = 0; i < 8; i++) {
    uint8_t byte = (uint8_t)(bits >> (d->md5 ? 8 * i : 56 - 8 * i));
    update(d, &byte, 1);
  }
  for (int i = 0; i < (d->md5 ? 4 : 8); i++)
    for (int k = 0; k < 4; k++)
      printf("%02x", (unsigned)(d->state[i] >> (d->md5 ? 8 * k : 24 - 8 * k) & 0xff));
}

int main(void) {
  uint32_t first[8];
  prepare(first);
  Digest sha = {.md5 = 0}, md5 = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, .md5 = 1};
  memcpy(sha.state, first, sizeof first);
  Digest all = sha, many = sha, many5 = md5;
  char line[300];
  while (fgets(line, sizeof line, stdin)) {
    Digest one = sha, two = md5;
    update(&all, line, strlen(line));
    line[strcspn(line, "\n")] = 0;
    update(&one, line, strlen(line));
    update(&two, line, strlen(line));
    print(&one);
    putchar(' ');
    print(&two);
    printf(" %s\n", line);
  }
  print(&all);
  puts(" all");
  memset(line, 'a', 250);
  for (int i = 0; i < 4000; i++) update(&many, line, 250);
  for (int i = 0; i < 40; i++) update(&many5, line, 250);
  print(&many);
  puts(" a million");
  print(&many5);
  puts(" ten thousand");
  return 0;
}
