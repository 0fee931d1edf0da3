/* Input for those who do not read through the buffer: what was read ahead comes first. */
#include "tb_io.h"
#include "tb_platform.h"

long tb_io_read(struct tb_context *cx, void *to, u64 bytes) {
  struct tb_store *store = tb_store_of(cx);
  u32 left = store->io_in_end - store->io_in_at;
  if (!left) return TB_CONSOLE_READ(cx, to, bytes);
  u32 taken = left < bytes ? left : (u32)bytes;
  __builtin_memcpy(to, store->io_in + store->io_in_at, taken);
  store->io_in_at += taken;
  return (long)taken;
}
