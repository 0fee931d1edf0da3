/* Library `object.string.format`: numbers as strings. */
#include "tb_rt.h"
#include "tb_string.h"

static u32 tb_string_ascii(struct tb_context *cx, const u8 *from, const u8 *end, tb_ref *result) {
  u64 length = (u64)(end - from);
  *result = tb_string_new(cx, length, 0);
  if (!*result) return 1;
  __builtin_memcpy(tb_object(cx, *result) + TB_HEADER, from, length);
  return 0;
}

u32 tb_string_from_i64(struct tb_context *cx, u64 value, tb_ref *result) {
  u8 text[20]; /* -9223372036854775808 */
  u8 *end = text + sizeof text, *at = tb_rt_decimal(end, value >> 63 ? 0u - value : value);
  if (value >> 63) *--at = '-';
  return tb_string_ascii(cx, at, end, result);
}

static u32 tb_string_from_bits(struct tb_context *cx, u64 bits, u32 exponent_bits, u32 fraction_bits, tb_ref *result) {
  u8 text[TB_RT_FLOAT_TEXT];
  u8 *end = text + sizeof text;
  return tb_string_ascii(cx, tb_rt_float_text(end, bits, exponent_bits, fraction_bits), end, result);
}

u32 tb_string_from_f32(struct tb_context *cx, float value, tb_ref *result) {
  return tb_string_from_bits(cx, tb_bits_f32(value), 8, 23, result);
}

u32 tb_string_from_f64(struct tb_context *cx, double value, tb_ref *result) {
  return tb_string_from_bits(cx, tb_bits_f64(value), 11, 52, result);
}
