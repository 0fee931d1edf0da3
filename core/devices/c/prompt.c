/* A line of input as a string. */
#include "tb_devices.h"
#include "tb_io.h"
#include "tb_utf8.h"

u32 tb_prompt_read(struct tb_context *cx, cell *prompt, u32 *result) {
  struct tb_store *store = tb_store_of(cx);
  if (*prompt) tb_io_print_string(cx, (tb_ref)*prompt);
  u32 used = 0, byte;
  while ((byte = tb_io_get_byte(cx)) != '\n' && byte < 0x100) {
    if (used == TB_PROMPT_LINE) return 1;
    store->prompt_line[used++] = (u8)byte;
  }
  *result = 0;
  if (byte != '\n' && !used) return 0;
  if (byte == '\n' && used && store->prompt_line[used - 1] == '\r') used--;
  *result = tb_string_from_utf8(cx, store->prompt_line, used);
  return *result ? 0 : 2;
}
