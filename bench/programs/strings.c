/* Text as C has it: words are made, joined, searched for, turned around, replaced, compared and sorted, all by loops of
   its own, so that it is not the C library that is measured. strings REPEATS WORDS. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 12 };

static uint32_t seed;

static uint32_t any(uint32_t below) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)((uint64_t)seed * below >> 32);
}

static char *copy(char *to, const char *from) {
  while ((*to = *from++)) to++;
  return to;
}

static int order(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static const char *find(const char *text, const char *word) {
  for (; *text; text++) {
    int i = 0;
    while (word[i] && text[i] == word[i]) i++;
    if (!word[i]) return text;
  }
  return NULL;
}

static void turn(char *start, char *end) {
  while (start < --end) {
    char kept = *start;
    *start++ = *end;
    *end = kept;
  }
}

/* Each word of the text is turned around, with its first letter large. */
static void dress(char *text) {
  while (*text) {
    char *end = text;
    while (*end && *end != ' ') end++;
    turn(text, end);
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
    text = *end ? end + 1 : end;
  }
}

/* Copies the text with each `e` written as `<ee>`. */
static char *replace(char *to, const char *from) {
  for (; *from; from++) {
    if (*from == 'e') {
      to = copy(to, "<ee>");
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  return to;
}

static void sift(char **words, int root, int count) {
  for (int child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && order(words[child], words[child + 1]) < 0) child++;
    if (order(words[root], words[child]) >= 0) return;
    char *kept = words[root];
    words[root] = words[child];
    words[child] = kept;
  }
}

static void sort(char **words, int count) {
  for (int root = count / 2; root-- > 0;) sift(words, root, count);
  while (count-- > 1) {
    char *kept = words[0];
    words[0] = words[count];
    words[count] = kept;
    sift(words, 0, count);
  }
}

static uint32_t hash(const char *text) {
  uint32_t found = 2166136261u;
  while (*text) found = (found ^ (unsigned char)*text++) * 16777619u;
  return found;
}

static uint32_t run(int count, char *pool, char **words, char *text, char *other) {
  char *at = pool, *end = text;
  for (int i = 0; i < count; i++) {
    words[i] = at;
    for (uint32_t left = 2 + any(LONGEST - 2); left; left--) *at++ = (char)('a' + any(26));
    *at++ = 0;
  }
  for (int i = 0; i < count; i++) {
    end = copy(end, words[i]);
    *end++ = ' ';
  }
  *end = 0;
  uint32_t sum = 0;
  for (int i = 0; i < 20; i++) {
    const char *found = find(text, words[any((uint32_t)count)]);
    sum = sum * 31 + (found ? (uint32_t)(found - text) : 0);
  }
  sort(words, count);
  for (int i = 0; i < count; i += 7) sum = sum * 31 + hash(words[i]);
  dress(text);
  sum = sum * 31 + (uint32_t)(replace(other, text) - other);
  return sum * 31 + hash(other);
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, count = argc > 2 ? atoi(argv[2]) : 20000;
  size_t room = (size_t)count * (LONGEST + 1) + 1;
  char *pool = malloc(room), *text = malloc(room), *other = malloc(4 * room);
  char **words = malloc((size_t)count * sizeof *words);
  uint32_t sum = 0;
  seed = 42;
  while (repeats-- > 0) sum = sum * 31 + run(count, pool, words, text, other);
  printf("%u\n", (unsigned)sum);
  free(pool);
  free(text);
  free(other);
  free(words);
  return 0;
}
