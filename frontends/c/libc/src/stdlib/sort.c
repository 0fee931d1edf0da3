#include <stdlib.h>
#include <string.h>

void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *)) {
  const char *low = base;
  while (count) {
    const char *middle = low + count / 2 * size;
    int order = compare(key, middle);
    if (!order) return (void *)middle;
    if (order > 0) {
      low = middle + size;
      count -= count / 2 + 1;
    } else {
      count /= 2;
    }
  }
  return NULL;
}

static void swap(char *a, char *b, size_t size) {
  char buffer[64];
  while (size) {
    size_t part = size < sizeof buffer ? size : sizeof buffer;
    memcpy(buffer, a, part);
    memcpy(a, b, part);
    memcpy(b, buffer, part);
    a += part, b += part, size -= part;
  }
}

/* The element at `top` sinks to its place in a heap of so many, the largest on top. */
static void sink(char *base, size_t top, size_t count, size_t size,
                 int (*compare)(const void *, const void *)) {
  for (size_t child; (child = 2 * top + 1) < count; top = child) {
    char *larger = base + child * size;
    if (child + 1 < count && compare(larger, larger + size) < 0) child++, larger += size;
    if (compare(base + top * size, larger) >= 0) return;
    swap(base + top * size, larger, size);
  }
}

/* Heapsort: no memory beside the array, n log n whatever is in it. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *)) {
  for (size_t i = count / 2; i-- > 0;) sink(base, i, count, size, compare);
  for (size_t i = count; i-- > 1;) {
    swap(base, (char *)base + i * size, size);
    sink(base, 0, i, size, compare);
  }
}
