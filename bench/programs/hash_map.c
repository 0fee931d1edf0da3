/* A hash map from numbers to numbers, with chains of nodes in an array that grows: put, found, counted up and taken out.
   hash_map REPEATS KEYS. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct entry {
  uint32_t key, value;
  int32_t next; /* index of an entry, -1 at the end */
};

struct map {
  struct entry *entries;
  int32_t *heads, free;
  uint32_t mask, used, count;
};

static uint32_t mixed(uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  return x ^ x >> 16;
}

static void open(struct map *map, uint32_t size) {
  map->entries = malloc(size * sizeof *map->entries);
  map->heads = malloc(size * sizeof *map->heads);
  map->mask = size - 1;
  map->used = map->count = 0;
  map->free = -1;
  for (uint32_t i = 0; i < size; i++) map->heads[i] = -1;
}

static void close(struct map *map) {
  free(map->entries);
  free(map->heads);
}

static struct entry *find(const struct map *map, uint32_t key) {
  for (int32_t i = map->heads[mixed(key) & map->mask]; i >= 0; i = map->entries[i].next)
    if (map->entries[i].key == key) return &map->entries[i];
  return NULL;
}

static void put(struct map *map, uint32_t key, uint32_t value);

static void grow(struct map *map) {
  struct map larger;
  open(&larger, 2 * (map->mask + 1));
  for (uint32_t head = 0; head <= map->mask; head++)
    for (int32_t i = map->heads[head]; i >= 0; i = map->entries[i].next)
      put(&larger, map->entries[i].key, map->entries[i].value);
  close(map);
  *map = larger;
}

static void put(struct map *map, uint32_t key, uint32_t value) {
  struct entry *found = find(map, key);
  if (found) {
    found->value = value;
    return;
  }
  if (map->count > map->mask) grow(map);
  int32_t at = map->free;
  if (at >= 0) {
    map->free = map->entries[at].next;
  } else {
    at = (int32_t)map->used++;
  }
  int32_t *head = &map->heads[mixed(key) & map->mask];
  map->entries[at] = (struct entry){key, value, *head};
  *head = at;
  map->count++;
}

static int take(struct map *map, uint32_t key) {
  for (int32_t *link = &map->heads[mixed(key) & map->mask]; *link >= 0; link = &map->entries[*link].next) {
    int32_t at = *link;
    if (map->entries[at].key != key) continue;
    *link = map->entries[at].next;
    map->entries[at].next = map->free;
    map->free = at;
    map->count--;
    return 1;
  }
  return 0;
}

static uint32_t run(uint32_t keys, uint32_t seed) {
  struct map map;
  uint32_t sum = 0, x = seed;
  open(&map, 16);
  for (uint32_t i = 0; i < keys; i++) {
    x = x * 1664525 + 1013904223;
    put(&map, x >> 12, i);
  }
  for (uint32_t i = 0; i < 4 * keys; i++) {
    x = x * 1664525 + 1013904223;
    struct entry *found = find(&map, x >> 12);
    if (found) sum = sum * 31 + found->value++;
  }
  for (uint32_t i = 0; i < keys; i++) {
    x = x * 1664525 + 1013904223;
    if (take(&map, x >> 12)) sum = sum * 31 + i;
  }
  for (uint32_t i = 0; i < keys; i++) put(&map, i * 3, sum);
  sum = sum * 31 + map.count;
  close(&map);
  return sum;
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1;
  uint32_t keys = argc > 2 ? (uint32_t)atoi(argv[2]) : 50000, sum = 0;
  for (int i = 0; i < repeats; i++) sum = sum * 31 + run(keys, (uint32_t)i + 1);
  printf("%u\n", (unsigned)sum);
  return 0;
}
