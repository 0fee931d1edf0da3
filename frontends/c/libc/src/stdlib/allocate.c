/* malloc and its like: blocks of sizes in classes, four to each power of two; what is freed goes to its
 * class's list. New blocks come from the end of memory, which grows by as many pages as are needed. Each step
 * takes the same time whatever was allocated before. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536u
#define CLASSES 112
#define LARGEST 0x7f000000u

/* Before each block: its class, or, where alignment moved it away from its beginning, MOVED and by how much.
 */
typedef uint32_t Head;
#define MOVED 0x80000000u

extern unsigned char __heap_base;
static uintptr_t end_of_blocks;
static void *freed[CLASSES];

/* Bytes of a block of this class, with its head. */
static uint32_t bytes_of(unsigned class) { return (4 + class % 4) << (class / 4 + 2); }

/* The smallest class whose blocks have so many bytes. */
static unsigned class_of(uint32_t bytes) {
  if (bytes <= 16) return 0;
  unsigned exponent = 31 - (unsigned)__builtin_clz(bytes - 1);
  return (exponent - 4) * 4 + ((bytes - 1) >> (exponent - 2)) - 4 + 1;
}

static Head *head_of(void *block) { return (Head *)block - 1; }

static int reach(uintptr_t end) {
  uintptr_t have = __builtin_wasm_memory_size(0) * PAGE;
  if (!have) return 1; /* all 4 GiB */
  if (end <= have) return 1;
  return __builtin_wasm_memory_grow(0, (end - have + PAGE - 1) / PAGE) != (size_t)-1;
}

void *malloc(size_t size) {
  if (size > LARGEST) goto none;
  unsigned class = class_of((uint32_t)size + sizeof(Head));
  void *block = freed[class];
  if (block) {
    memcpy(&freed[class], block, sizeof block);
    return block;
  }
  /* Blocks are at multiples of 8, their heads before them. */
  uintptr_t start = end_of_blocks ? end_of_blocks : (((uintptr_t)&__heap_base + 11) & ~(uintptr_t)7) - 4;
  uintptr_t end = start + ((bytes_of(class) + 7) & ~7u);
  if (end < start || !reach(end)) goto none;
  end_of_blocks = end;
  block = (Head *)start + 1;
  *head_of(block) = class;
  return block;
none:
  errno = ENOMEM;
  return NULL;
}

void free(void *block) {
  if (!block) return;
  if (*head_of(block) & MOVED) block = (char *)block - (*head_of(block) & ~MOVED);
  unsigned class = *head_of(block);
  memcpy(block, &freed[class], sizeof block);
  freed[class] = block;
}

/* Bytes that a block has behind its head. */
static size_t room(void *block) {
  Head head = *head_of(block);
  if (!(head & MOVED)) return bytes_of(head) - sizeof(Head);
  size_t moved = head & ~MOVED;
  return room((char *)block - moved) - moved;
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  void *block = malloc(bytes);
  if (block) memset(block, 0, bytes);
  return block;
}

void *realloc(void *block, size_t size) {
  if (!block) return malloc(size);
  size_t have = room(block);
  if (size <= have && size >= have / 2) return block;
  void *other = malloc(size);
  if (!other) return NULL;
  memcpy(other, block, have < size ? have : size);
  free(block);
  return other;
}

void *aligned_alloc(size_t alignment, size_t size) {
  if (!alignment || alignment & (alignment - 1)) {
    errno = EINVAL;
    return NULL;
  }
  if (alignment <= 8) return malloc(size);
  if (size > LARGEST || alignment > LARGEST - size) {
    errno = ENOMEM;
    return NULL;
  }
  char *block = malloc(size + alignment);
  if (!block) return NULL;
  size_t by = -(uintptr_t)block & (alignment - 1);
  if (by) *head_of(block + by) = MOVED | (Head)by;
  return block + by;
}
