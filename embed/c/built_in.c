/* The program that the library was built for. */
#include "tb_embed.h"

void tb_embed_source(struct tb_context *cx, const void *module, u64 bytes) {
  struct tblvm_store *store = tb_embedded(cx)->owner;
  if (module || bytes)
    tb_embed_leave(store, tb_embed_error(store, TBLVM_MISUSED, "the library has its program inside: it loads no modules"));
  cx->store->image = tb_programs[0].image;
}
