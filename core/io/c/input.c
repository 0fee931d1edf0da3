/* Buffered input. */
#include "tb_io.h"
#include "tb_platform.h"

u32 tb_io_peek(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  if (store->io_in_at == store->io_in_end) {
    tb_before_block(cx);
    long got = TB_CONSOLE_READ(cx, store->io_in, TB_IO_INPUT_BUFFER);
    if (got <= 0) return 0xffffffffu;
    store->io_in_at = 0;
    store->io_in_end = (u32)got;
  }
  return store->io_in[store->io_in_at];
}

/* The byte behind the one that peek gave. */
static u32 next(struct tb_context *cx) {
  tb_store_of(cx)->io_in_at++;
  return tb_io_peek(cx);
}

u32 tb_io_get_byte(struct tb_context *cx) {
  u32 byte = tb_io_peek(cx);
  tb_store_of(cx)->io_in_at += byte < 0x100;
  return byte;
}

u32 tb_io_read_i32(struct tb_context *cx, u32 *result) {
  u32 byte = tb_io_peek(cx);
  while (byte == ' ' || byte - '\t' <= '\r' - '\t') byte = next(cx);
  u32 negative = byte == '-';
  if (negative || byte == '+') byte = next(cx);
  u32 bad = 1;
  u64 value = 0;
  while (byte - '0' < 10) {
    bad = 0;
    if (value <= 0x80000000u) value = value * 10 + (byte - '0'); /* else it is too large already */
    byte = next(cx);
  }
  *result = negative ? 0u - (u32)value : (u32)value;
  return bad | (value > 0x7fffffffu + negative);
}

/* A program that another one runs reads on where that is, and leaves what it did not read. */
static void tb_io_input_move(struct tb_store *to, const struct tb_store *from) {
  to->io_in_at = from->io_in_at;
  to->io_in_end = from->io_in_end;
  __builtin_memcpy(to->io_in, from->io_in, sizeof to->io_in);
}
void tb_io_input_hand(struct tb_context *inner, struct tb_context *outer) {
  tb_io_input_move(tb_store_of(inner), tb_store_of(outer));
}
void tb_io_input_return(struct tb_context *inner, struct tb_context *outer) {
  tb_io_input_move(tb_store_of(outer), tb_store_of(inner));
}
