/* Numeric operations that C has no operator for. Every one is defined for all operands. */
#ifndef TB_NUMERIC_H
#define TB_NUMERIC_H

#define TB_DEFINE_BITS(bits, suffix)                                                                \
  static inline TB_UNUSED u##bits tb_rotl_i##bits(u##bits a, u##bits count) {                       \
    return a << (count & (bits - 1)) | a >> ((0u - count) & (bits - 1));                            \
  }                                                                                                 \
  static inline TB_UNUSED u##bits tb_clz_i##bits(u##bits a) {                                       \
    return a == 0 ? (u##bits)bits : (u##bits)__builtin_clz##suffix(a);                              \
  }                                                                                                 \
  static inline TB_UNUSED u##bits tb_ctz_i##bits(u##bits a) {                                       \
    return a == 0 ? (u##bits)bits : (u##bits)__builtin_ctz##suffix(a);                              \
  }                                                                                                 \
  static inline TB_UNUSED u##bits tb_popcnt_i##bits(u##bits a) {                                    \
    return (u##bits)__builtin_popcount##suffix(a);                                                  \
  }                                                                                                 \
  static inline TB_UNUSED u##bits tb_bswap_i##bits(u##bits a) { return __builtin_bswap##bits(a); }  \
  /* Halves of each byte change places, then quarters, then neighbours. */                          \
  static inline TB_UNUSED u##bits tb_bitrev_i##bits(u##bits a) {                                    \
    const u##bits ones = (u##bits)-1;                                                               \
    a = tb_bswap_i##bits(a);                                                                        \
    a = (a & ones / 17) << 4 | (a >> 4 & ones / 17);                                                \
    a = (a & ones / 5) << 2 | (a >> 2 & ones / 5);                                                  \
    return (a & ones / 3) << 1 | (a >> 1 & ones / 3);                                               \
  }                                                                                                 \
  static inline TB_UNUSED u32 tb_add_overflows_i##bits(u##bits a, u##bits b) {                      \
    s##bits result;                                                                                 \
    return __builtin_add_overflow((s##bits)a, (s##bits)b, &result);                                 \
  }                                                                                                 \
  static inline TB_UNUSED u32 tb_sub_overflows_i##bits(u##bits a, u##bits b) {                      \
    s##bits result;                                                                                 \
    return __builtin_sub_overflow((s##bits)a, (s##bits)b, &result);                                 \
  }                                                                                                 \
  static inline TB_UNUSED u32 tb_mul_overflows_i##bits(u##bits a, u##bits b) {                      \
    s##bits result;                                                                                 \
    return __builtin_mul_overflow((s##bits)a, (s##bits)b, &result);                                 \
  }
TB_DEFINE_BITS(32, )
TB_DEFINE_BITS(64, ll)

/* Java's and WebAssembly's minimum and maximum: NaN if one is, and -0 below +0. Where both compare equal
 * they are the same but for the sign of zeros: `or` of the bits finds a -0, `and` a +0. */
#define TB_DEFINE_EXTREMES(type, name)                                                              \
  static inline TB_UNUSED type tb_min_##name(type a, type b) {                                      \
    if (a == b) return tb_##name##_bits(tb_bits_##name(a) | tb_bits_##name(b));                     \
    return a < b ? a : b < a ? b : a + b;                                                           \
  }                                                                                                 \
  static inline TB_UNUSED type tb_max_##name(type a, type b) {                                      \
    if (a == b) return tb_##name##_bits(tb_bits_##name(a) & tb_bits_##name(b));                     \
    return a > b ? a : b > a ? b : a + b;                                                           \
  }
TB_DEFINE_EXTREMES(float, f32)
TB_DEFINE_EXTREMES(double, f64)

/* What feature nan.canonical makes of a NaN. */
static inline TB_UNUSED float tb_canonical_f32(float a) { return a == a ? a : tb_f32_bits(0x7fc00000u); }
static inline TB_UNUSED double tb_canonical_f64(double a) { return a == a ? a : tb_f64_bits(0x7ff8ull << 48); }

/* Of the C library; micro-library rt has them, and the rounding functions that compilers call. */
float fmodf(float a, float b);
double fmod(double a, double b);

#endif
