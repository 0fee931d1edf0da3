#include <string.h>

/* The place where a text of at least two characters falls apart into two so that its period is that of the
 * second part: what the algorithm of Crochemore and Perrin, "Two-way string-matching" (1991), begins with.
 * smaller: in which order characters count. */
static size_t last_part(const unsigned char *text, size_t length, int smaller, size_t *period) {
  size_t best = (size_t)-1, next = 0, same = 1, step = 1;
  while (next + same < length) {
    unsigned char a = text[best + same], b = text[next + same];
    if (a == b) {
      if (same == step) next += step, same = 1;
      else same++;
    } else if ((a > b) == smaller) {
      next += same;
      same = 1;
      step = next - best;
    } else {
      best = next++;
      same = step = 1;
    }
  }
  *period = step;
  return best + 1;
}

char *strstr(const char *in, const char *text) {
  const unsigned char *needle = (const unsigned char *)text, *at = (const unsigned char *)in;
  size_t length = strlen(text), left = strlen(in), period, other;
  if (!length) return (char *)in;
  size_t split = last_part(needle, length, 1, &period), second = last_part(needle, length, 0, &other);
  if (second > split) split = second, period = other;
  int periodic = !memcmp(needle, needle + period, split);
  size_t known = 0;
  if (!periodic) period = (split > length - split ? split : length - split) + 1;
  while (left >= length) {
    size_t i = split > known ? split : known;
    while (i < length && needle[i] == at[i]) i++;
    size_t by;
    if (i < length) {
      by = i - split + 1;
      known = 0;
    } else {
      i = split;
      while (i > known && needle[i - 1] == at[i - 1]) i--;
      if (i <= known) return (char *)at;
      by = period;
      known = periodic ? length - period : 0;
    }
    at += by;
    left -= by < left ? by : left;
  }
  return NULL;
}
