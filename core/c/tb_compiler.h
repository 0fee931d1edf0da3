/* What C fragments take from the compiler beyond ISO C11. GNU C, which gcc and clang are, has all of it; others
 * get the same in ISO C, where a hint to the optimizer is nothing. */
#ifndef TB_COMPILER_H
#define TB_COMPILER_H

#if defined __GNUC__ && !defined TB_ISO_C

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT8_TYPE__ s8;
typedef __INT16_TYPE__ s16;
typedef __INT32_TYPE__ s32;
typedef __INT64_TYPE__ s64;
typedef __UINTPTR_TYPE__ uptr;

#define TB_LIKELY(x) __builtin_expect(!!(x), 1)
#define TB_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TB_COLD __attribute__((cold, noinline))
#define TB_NOINLINE __attribute__((noinline))
#define TB_ALWAYS_INLINE __attribute__((always_inline))
#define TB_UNUSED __attribute__((unused))
/* An array of bytes that a string literal fills, without a zero behind it. */
#if __has_attribute(nonstring)
#define TB_NONSTRING __attribute__((nonstring))
#else
#define TB_NONSTRING
#endif
/* A type of which objects lie where others lie at other times. */
#define TB_MAY_ALIAS __attribute__((may_alias))
/* The compiler forgets what it knows of the variable's value. */
#define TB_FORGET(variable) __asm__ volatile("" : "+r"(variable))
#define TB_UNREACHABLE() __builtin_unreachable()

#else

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uintptr_t uptr;

#define TB_LIKELY(x) (x)
#define TB_UNLIKELY(x) (x)
#define TB_COLD
#define TB_NOINLINE
#define TB_ALWAYS_INLINE
#define TB_UNUSED
#define TB_MAY_ALIAS
#define TB_FORGET(variable) ((void)(variable))
#define TB_UNREACHABLE() abort()

/* Under the names that GNU C has for them. */
#define __builtin_trap abort
#define __builtin_memcpy memcpy
#define __builtin_memmove memmove
#define __builtin_memset memset
#define __builtin_memcmp memcmp
#define __builtin_sqrt sqrt
#define __builtin_sqrtf sqrtf
#define __builtin_ceil ceil
#define __builtin_ceilf ceilf
#define __builtin_floor floor
#define __builtin_floorf floorf
#define __builtin_trunc trunc
#define __builtin_truncf truncf
#define __builtin_rint rint
#define __builtin_rintf rintf

/* Zeros before the highest bit and behind the lowest one, of numbers other than 0; ones. */
static inline int tb_iso_clzll(u64 a) {
  int zeros = 0;
  for (; !(a >> 63); a <<= 1) zeros++;
  return zeros;
}
static inline int tb_iso_ctzll(u64 a) {
  int zeros = 0;
  for (; !(a & 1); a >>= 1) zeros++;
  return zeros;
}
static inline int tb_iso_popcountll(u64 a) {
  int ones = 0;
  for (; a; a &= a - 1) ones++;
  return ones;
}
static inline u64 tb_iso_bswap64(u64 a) {
  u64 turned = 0;
  for (int i = 0; i < 8; i++, a >>= 8) turned = turned << 8 | (a & 0xff);
  return turned;
}
#define __builtin_clz(a) (tb_iso_clzll((u32)(a)) - 32)
#define __builtin_clzll(a) tb_iso_clzll(a)
#define __builtin_ctz(a) tb_iso_ctzll(a)
#define __builtin_ctzll(a) tb_iso_ctzll(a)
#define __builtin_popcount(a) tb_iso_popcountll(a)
#define __builtin_popcountll(a) tb_iso_popcountll(a)
#define __builtin_bswap32(a) ((u32)(tb_iso_bswap64(a) >> 32))
#define __builtin_bswap64(a) tb_iso_bswap64(a)

/* Whether a result does not fit a signed integer of so many bytes, 4 or 8. */
static inline int tb_iso_fits_not(s64 a, size_t bytes) { return bytes == 4 && (a < INT32_MIN || a > INT32_MAX); }
static inline int tb_iso_add(s64 a, s64 b, size_t bytes) {
  if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b) return 1;
  return tb_iso_fits_not(a + b, bytes);
}
static inline int tb_iso_sub(s64 a, s64 b, size_t bytes) {
  if (b > 0 ? a < INT64_MIN + b : a > INT64_MAX + b) return 1;
  return tb_iso_fits_not(a - b, bytes);
}
static inline int tb_iso_mul(s64 a, s64 b, size_t bytes) {
  if (a > 0 ? b > INT64_MAX / a || b < INT64_MIN / a : a < -1 ? b > INT64_MIN / a || b < INT64_MAX / a : a && b == INT64_MIN)
    return 1;
  return tb_iso_fits_not(a * b, bytes);
}
#define __builtin_add_overflow(a, b, result) tb_iso_add(a, b, sizeof *(result))
#define __builtin_sub_overflow(a, b, result) tb_iso_sub(a, b, sizeof *(result))
#define __builtin_mul_overflow(a, b, result) tb_iso_mul(a, b, sizeof *(result))

#endif
#endif
