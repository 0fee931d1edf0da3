/* Floats in the shortest form that reads back as the same number. */
#include "tb_io.h"
#include "tb_rt.h"

static TB_NOINLINE void print(struct tb_context *cx, u64 bits, u32 exponent_bits, u32 fraction_bits) {
  u8 text[TB_RT_FLOAT_TEXT];
  u8 *at = tb_rt_float_text(text + sizeof text, bits, exponent_bits, fraction_bits);
  tb_io_write(cx, at, (u32)(text + sizeof text - at));
}

void tb_io_print_f32(struct tb_context *cx, float value) { print(cx, tb_bits_f32(value), 8, 23); }

void tb_io_print_f64(struct tb_context *cx, double value) { print(cx, tb_bits_f64(value), 11, 52); }
