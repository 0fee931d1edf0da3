/* memcpy, memmove, memset and memcmp in blocks, where words may lie at any address (little-endian).
 *
 * Few bytes are two words that may overlap, one at each end; both are read before any is written, so it does not
 * matter whether source and destination overlap. Of many bytes the 32 at one end are kept in registers while the
 * rest is moved from the other end, and written last: nothing is left over that is no block. */

typedef u16 word2 __attribute__((aligned(1), may_alias));
typedef u32 word4 __attribute__((aligned(1), may_alias));
typedef u64 word8 __attribute__((aligned(1), may_alias));
typedef u64 vector __attribute__((vector_size(16)));
typedef vector word16 __attribute__((aligned(1), may_alias));

/* 32 bytes. */
struct block {
  vector low, high;
};

static inline TB_ALWAYS_INLINE struct block load(const u8 *from) {
  return (struct block){*(const word16 *)from, *(const word16 *)(from + 16)};
}

static inline TB_ALWAYS_INLINE void store(u8 *to, struct block value) {
  *(word16 *)to = value.low;
  *(word16 *)(to + 16) = value.high;
}

/* Both ends of what has at most twice as many bytes as the type. */
#define TB_MOVE_ENDS(type)                                      \
  do {                                                          \
    const type first = *(const type *)from;                     \
    const type last = *(const type *)(from + n - sizeof last);  \
    *(type *)to = first;                                        \
    *(type *)(to + n - sizeof last) = last;                     \
  } while (0)
#define TB_FILL_ENDS(type, value)                               \
  do {                                                          \
    *(type *)to = (type)(value);                                \
    *(type *)(to + n - sizeof(type)) = (type)(value);           \
  } while (0)

/* At most 32 bytes. */
static inline TB_ALWAYS_INLINE void move_few(u8 *to, const u8 *from, size n) {
  if (n >= 16)
    TB_MOVE_ENDS(word16);
  else if (n >= 8)
    TB_MOVE_ENDS(word8);
  else if (n >= 4)
    TB_MOVE_ENDS(word4);
  else if (n >= 2)
    TB_MOVE_ENDS(word2);
  else if (n)
    *to = *from;
}

/* More than 32, from the first on: right unless the destination begins within the source. */
static inline TB_ALWAYS_INLINE void move_up(u8 *to, const u8 *from, size n) {
  const struct block last = load(from + n - 32);
  size i = 0;
  do {
    TB_FORGET(i);
    store(to + i, load(from + i));
    i += 32;
  } while (i < n - 32);
  store(to + n - 32, last);
}

/* More than 32, from the last on. */
static inline TB_ALWAYS_INLINE void move_down(u8 *to, const u8 *from, size n) {
  const struct block first = load(from);
  size i = n;
  do {
    TB_FORGET(i);
    i -= 32;
    store(to + i, load(from + i));
  } while (i > 32);
  store(to, first);
}

void *memcpy(void *restrict to, const void *restrict from, size bytes) {
  if (bytes > 32)
    move_up(to, from, bytes);
  else
    move_few(to, from, bytes);
  return to;
}

void *memmove(void *to, const void *from, size bytes) {
  if (bytes <= 32)
    move_few(to, from, bytes);
  else if ((uptr)to - (uptr)from < bytes)
    move_down(to, from, bytes);
  else
    move_up(to, from, bytes);
  return to;
}

void *memset(void *at, int value, size n) {
  u8 *to = at;
  const u64 all = (u8)value * 0x0101010101010101u;
  if (n >= 16) {
    const vector both = {all, all};
    const struct block pair = {both, both};
    if (n > 32) {
      size i = 0;
      do {
        TB_FORGET(i);
        store(to + i, pair);
        i += 32;
      } while (i < n - 32);
      store(to + n - 32, pair);
    } else {
      *(word16 *)to = both;
      *(word16 *)(to + n - 16) = both;
    }
  } else if (n >= 8)
    TB_FILL_ENDS(word8, all);
  else if (n >= 4)
    TB_FILL_ENDS(word4, all);
  else if (n >= 2)
    TB_FILL_ENDS(word2, all);
  else if (n)
    *to = (u8)value;
  return at;
}

/* Which of two words has the larger byte where they differ first. */
static inline TB_ALWAYS_INLINE int order(u64 a, u64 b) {
  return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

int memcmp(const void *one, const void *other, size n) {
  const u8 *a = one, *b = other;
  if (n >= 8) {
    /* The last word may begin in the one before it, which was equal. */
    for (size i = 0;; i = i + 8 < n - 8 ? i + 8 : n - 8) {
      TB_FORGET(i);
      const u64 left = *(const word8 *)(a + i), right = *(const word8 *)(b + i);
      if (left != right) return order(left, right);
      if (i == n - 8) return 0;
    }
  }
  for (size i = 0; i < n; i++) {
    TB_FORGET(i);
    if (a[i] != b[i]) return a[i] - b[i];
  }
  return 0;
}
