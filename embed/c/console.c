/* The console of embedded programs: the host's functions, or the process's own. */
#include "tb_embed.h"
#include "tb_platform.h"

long tb_embed_read(struct tb_context *cx, void *to, u64 bytes) {
  const struct tblvm_store *store = tb_embedded(cx)->owner;
  if (!store->read) return tb_platform_read(0, to, bytes);
  u64 got = store->read(store->user, (tblvm_context *)(void *)cx, to, bytes);
  return got > bytes ? 0 : (long)got;
}

long tb_embed_write(struct tb_context *cx, const void *from, u64 bytes) {
  const struct tblvm_store *store = tb_embedded(cx)->owner;
  if (!store->write) return tb_platform_write(1, from, bytes);
  return store->write(store->user, (tblvm_context *)(void *)cx, from, bytes) ? 0 : (long)bytes;
}

long tb_embed_write_error(struct tb_context *cx, const void *from, u64 bytes) {
  const struct tblvm_store *store = tb_embedded(cx)->owner;
  if (!store->errors) return tb_platform_write(2, from, bytes);
  return store->errors(store->errors_user, (tblvm_context *)(void *)cx, from, bytes) ? 0 : (long)bytes;
}

/* No signal wakes a thread of the host: it looks up from time to time whether it is to stop. */
enum { TB_EMBED_SLICE = 20000000 };

static int tb_embed_wait_for(struct tb_context *cx, u64 nanoseconds, int descriptor) {
  for (;;) {
    u64 step = nanoseconds < TB_EMBED_SLICE ? nanoseconds : TB_EMBED_SLICE;
    int found = tb_platform_wait(step, descriptor);
    if (found != 0 && found != -4) return found;
    if (cx->interrupted) return -4;
    if (found == 0 && nanoseconds != ~0ull) nanoseconds -= step;
    if (!nanoseconds) return 0;
  }
}

int tb_embed_wait(struct tb_context *cx, u64 nanoseconds) {
  if (tb_embedded(cx)->owner->read) return 1; /* reading tells */
  return tb_embed_wait_for(cx, nanoseconds, 0);
}

int tb_embed_sleep(struct tb_context *cx, u64 nanoseconds) { return tb_embed_wait_for(cx, nanoseconds, -1); }
