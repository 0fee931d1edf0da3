/* Interface `descriptors` of programs that open nothing: standard input, output and error. */
#include "tb_p1_fd.h"

u32 tb_p1_find(struct tb_context *cx, u32 fd, u64 rights, struct tb_p1_entry **found) {
  /* They are read only: nothing but wasi.table changes what a descriptor is. */
  static const struct tb_p1_entry console[] = {
      {.kind = TB_P1_CHARACTER_DEVICE, .used = 1, .lent = 1, .host = 0, .base = TB_P1_INPUT},
      {.kind = TB_P1_CHARACTER_DEVICE, .used = 1, .lent = 1, .host = 1, .base = TB_P1_OUTPUT},
      {.kind = TB_P1_CHARACTER_DEVICE, .used = 1, .lent = 1, .host = 2, .base = TB_P1_OUTPUT},
  };
  if (fd > 2 || (tb_store_of(cx)->console_closed >> fd & 1)) return TB_P1_BADF;
  *found = (struct tb_p1_entry *)(uptr)&console[fd];
  return rights & ~console[fd].base ? TB_P1_NOTCAPABLE : TB_P1_SUCCESS;
}

u32 tb_p1_drop(struct tb_context *cx, u32 fd) {
  tb_store_of(cx)->console_closed |= 1u << fd;
  return TB_P1_SUCCESS;
}
