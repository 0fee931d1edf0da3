/* The output buffer. Writes that the system does in part go on; those that a signal interrupts are done
 * again, unless the signal says that the time is up: then nobody has read for a while. */
#include "tb_io.h"
#include "tb_platform.h"

void tb_io_flush(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  u32 at = 0;
  while (at < store->io_out_used && !store->io_out_lost) {
    long done = TB_CONSOLE_WRITE(cx, store->io_out + at, store->io_out_used - at);
    if (done > 0)
      at += (u32)done;
    else
      store->io_out_lost = done != -4 || TB_INTERRUPTED(cx);
  }
  store->io_out_used = 0;
}

TB_NOINLINE void tb_io_put_byte(struct tb_context *cx, u32 value) {
  struct tb_store *store = tb_store_of(cx);
  u32 used = store->io_out_used++;
  store->io_out[used] = (u8)value;
  if (used + 1 == TB_IO_BUFFER) tb_io_flush(cx);
}

void tb_io_write(struct tb_context *cx, const void *from, u32 bytes) {
  const u8 *at = from;
  while (bytes-- != 0) tb_io_put_byte(cx, *at++);
}

/* A program that another one runs writes behind what waits, and leaves what waits then. */
static void tb_io_output_move(struct tb_store *to, const struct tb_store *from) {
  to->io_out_used = from->io_out_used;
  to->io_out_lost = from->io_out_lost;
  __builtin_memcpy(to->io_out, from->io_out, from->io_out_used);
}
void tb_io_output_hand(struct tb_context *inner, struct tb_context *outer) {
  tb_io_output_move(tb_store_of(inner), tb_store_of(outer));
}
void tb_io_output_return(struct tb_context *inner, struct tb_context *outer) {
  tb_io_output_move(tb_store_of(outer), tb_store_of(inner));
}
