/* Library `rt`: numbers as text, numbers of tables. The functions that compilers assume (memcpy ...) need no header. */
#ifndef TB_RT_H
#define TB_RT_H
#include "tb.h"

/* Writes *value* in decimal so that the text ends before *end*, and returns its first byte. At most 20
 * bytes. */
u8 *tb_rt_decimal(u8 *end, u64 value);

/* The shortest decimal, of at least 2 digits, that rounds to mantissa * 2**exponent: returns its digits
 * c and sets *power to p, for c * 10**p. c may end in zeros. See shortest.c. */
u64 tb_rt_shortest(u64 mantissa, s32 exponent, u32 boundary, s32 *power);

/* Writes the text of an IEEE 754 number as Java has it, so that it ends before *end*, and returns its
 * first byte. At most TB_RT_FLOAT_TEXT bytes. *bits* is the number; it has 1 sign bit, then
 * *exponent_bits*, then *fraction_bits*. */
u8 *tb_rt_float_text(u8 *end, u64 bits, u32 exponent_bits, u32 fraction_bits);
enum { TB_RT_FLOAT_TEXT = 28 };

/* The unsigned LEB128 number at *at, which moves behind it. */
u32 tb_rt_number(const u8 **at);

#endif
