/* Integers in decimal. */
#include "tb_io.h"
#include "tb_rt.h"

void tb_io_print_i64(struct tb_context *cx, u64 value) {
  u8 text[20]; /* -9223372036854775808 */
  u64 negative = value >> 63;
  u8 *at = tb_rt_decimal(text + sizeof text, negative ? 0u - value : value);
  if (negative) *--at = '-';
  tb_io_write(cx, at, (u32)(text + sizeof text - at));
}

void tb_io_print_i32(struct tb_context *cx, u32 value) { tb_io_print_i64(cx, (u64)(s64)(s32)value); }
