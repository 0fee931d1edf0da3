/* LZ77 with Huffman codes: compresses standard input in memory, decompresses it, compares; prints what came
 * out. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 4096
#define SHORTEST 3
#define LONGEST 66
#define SYMBOLS (256 + LONGEST - SHORTEST + 2) /* bytes, lengths, the end */
#define END (SYMBOLS - 1)
#define HASHES 1024

typedef struct {
  uint8_t *bytes;
  size_t size, room;
  uint32_t bits;
  int held;
} Bits;

static void need(Bits *b) {
  if (b->size < b->room) return;
  b->room = b->room ? b->room * 2 : 256;
  b->bytes = realloc(b->bytes, b->room);
  if (!b->bytes) exit(9);
}

static void put(Bits *b, uint32_t value, int count) {
  while (count-- > 0) {
    b->bits = b->bits << 1 | (value >> count & 1);
    if (++b->held == 8) {
      need(b);
      b->bytes[b->size++] = (uint8_t)b->bits;
      b->held = 0;
    }
  }
}

static void finish(Bits *b) {
  while (b->held) put(b, 0, 1);
}

static uint32_t get(Bits *b, int count) {
  uint32_t value = 0;
  while (count-- > 0) {
    if (!b->held) b->bits = b->size < b->room ? b->bytes[b->size++] : 0, b->held = 8;
    value = value << 1 | (b->bits >> --b->held & 1);
  }
  return value;
}

typedef struct {
  int symbol, extra; /* extra: the distance */
} Token;

static size_t tokenize(const uint8_t *in, size_t size, Token *out) {
  static int32_t head[HASHES], before[WINDOW];
  size_t count = 0, i = 0;
  memset(head, -1, sizeof head);
  while (i < size) {
    int best = 0, distance = 0;
    if (i + SHORTEST <= size) {
      unsigned hash = (in[i] * 131u + in[i + 1] * 17u + in[i + 2]) % HASHES;
      int tries = 32;
      for (int32_t j = head[hash]; j >= 0 && i - (size_t)j < WINDOW && tries--; j = before[j % WINDOW]) {
        int length = 0;
        while (length < LONGEST && i + (size_t)length < size && in[j + length] == in[i + (size_t)length])
          length++;
        if (length > best) best = length, distance = (int)(i - (size_t)j);
      }
    }
    int step = best >= SHORTEST ? best : 1;
    out[count++] = best >= SHORTEST ? (Token){256 + best - SHORTEST, distance} : (Token){in[i], 0};
    for (; step--; i++) {
      if (i + SHORTEST > size) continue;
      unsigned hash = (in[i] * 131u + in[i + 1] * 17u + in[i + 2]) % HASHES;
      before[i % WINDOW] = head[hash];
      head[hash] = (int32_t)i;
    }
  }
  out[count++] = (Token){END, 0};
  return count;
}

/* Lengths of Huffman codes, by merging the two rarest until one is left. */
static void code_lengths(const uint32_t *counts, uint8_t *lengths) {
  static uint32_t weight[2 * SYMBOLS];
  static int parent[2 * SYMBOLS], alive[2 * SYMBOLS];
  int nodes = SYMBOLS, living = 0;
  for (int i = 0; i < SYMBOLS; i++) {
    weight[i] = counts[i];
    parent[i] = -1;
    if (counts[i]) alive[living++] = i;
  }
  while (living > 1) {
    for (int k = 0; k < 2; k++) { /* the rarest to the end of what lives */
      int least = 0;
      for (int i = 1; i < living - k; i++)
        if (weight[alive[i]] < weight[alive[least]] ||
            (weight[alive[i]] == weight[alive[least]] && alive[i] < alive[least]))
          least = i;
      int swap = alive[living - 1 - k];
      alive[living - 1 - k] = alive[least];
      alive[least] = swap;
    }
    int a = alive[living - 1], b = alive[living - 2];
    weight[nodes] = weight[a] + weight[b];
    parent[a] = parent[b] = nodes;
    parent[nodes] = -1;
    alive[living - 2] = nodes++;
    living--;
  }
  for (int i = 0; i < SYMBOLS; i++) {
    lengths[i] = 0;
    if (!counts[i]) continue;
    for (int p = i; parent[p] >= 0; p = parent[p]) lengths[i]++;
    if (!lengths[i]) lengths[i] = 1;
  }
}

static void codes_of(const uint8_t *lengths, uint32_t *codes) {
  uint32_t code = 0;
  for (int length = 1; length < 32; length++, code <<= 1)
    for (int i = 0; i < SYMBOLS; i++)
      if (lengths[i] == length) codes[i] = code++;
}

static int symbol(Bits *b, const uint8_t *lengths, const uint32_t *codes) {
  uint32_t code = 0;
  for (int length = 1; length < 32; length++) {
    code = code << 1 | get(b, 1);
    for (int i = 0; i < SYMBOLS; i++)
      if (lengths[i] == length && codes[i] == code) return i;
  }
  exit(8);
}

static uint32_t adler(const uint8_t *bytes, size_t size) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < size; i++) a = (a + bytes[i]) % 65521, b = (b + a) % 65521;
  return b << 16 | a;
}

int main(void) {
  uint8_t *in = NULL;
  size_t size = 0, room = 0;
  for (int c; (c = getchar()) != EOF;) {
    if (size == room) in = realloc(in, room = room ? room * 2 : 128);
    in[size++] = (uint8_t)c;
  }
  Token *tokens = malloc((size + 1) * sizeof *tokens);
  size_t count = tokenize(in, size, tokens);
  uint32_t counts[SYMBOLS] = {0}, codes[SYMBOLS] = {0};
  uint8_t lengths[SYMBOLS];
  for (size_t i = 0; i < count; i++) counts[tokens[i].symbol]++;
  code_lengths(counts, lengths);
  codes_of(lengths, codes);
  Bits out = {0};
  for (int i = 0; i < SYMBOLS; i++) put(&out, lengths[i], 5);
  for (size_t i = 0; i < count; i++) {
    put(&out, codes[tokens[i].symbol], lengths[tokens[i].symbol]);
    if (tokens[i].symbol >= 256 && tokens[i].symbol < END) put(&out, (uint32_t)tokens[i].extra, 12);
  }
  finish(&out);
  printf("%zu bytes, %zu tokens, %zu compressed (%zu%%), adler %08x\n", size, count, out.size,
         size ? out.size * 100 / size : 0, (unsigned)adler(out.bytes, out.size));

  Bits back = {.bytes = out.bytes, .room = out.size};
  uint8_t *again = malloc(size + LONGEST);
  size_t made = 0;
  for (int i = 0; i < SYMBOLS; i++) lengths[i] = (uint8_t)get(&back, 5);
  codes_of(lengths, codes);
  for (int s; (s = symbol(&back, lengths, codes)) != END;) {
    if (s < 256) {
      again[made++] = (uint8_t)s;
      continue;
    }
    size_t distance = get(&back, 12);
    for (int n = s - 256 + SHORTEST; n--; made++) again[made] = again[made - distance];
  }
  int same = made == size && !memcmp(again, in, size);
  printf("%s: %zu bytes, adler %08x\n", same ? "the same" : "different", made, (unsigned)adler(again, made));
  free(in), free(tokens), free(out.bytes), free(again);
  return !same;
}
