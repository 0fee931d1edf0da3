/* An f32 in the shortest form that reads back as the same number. */
#include "tb_io.h"
#include "tb_rt.h"

void tb_io_print_f32(struct tb_context *cx, float value) {
  u8 text[TB_RT_FLOAT_TEXT];
  u8 *at = tb_rt_float_text(text + sizeof text, tb_bits_f32(value), 8, 23);
  tb_io_write(cx, at, (u32)(text + sizeof text - at));
}
