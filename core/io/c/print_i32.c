/* An i32 in decimal. */
#include "tb_io.h"
#include "tb_rt.h"

void tb_io_print_i32(struct tb_context *cx, u32 value) {
  u8 text[11]; /* -2147483648 */
  u32 negative = value >> 31;
  u8 *at = tb_rt_decimal(text + sizeof text, negative ? 0u - value : value);
  if (negative) *--at = '-';
  tb_io_write(cx, at, (u32)(text + sizeof text - at));
}
