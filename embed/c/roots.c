/* References that the host has in slots. */
#include "tb_embed.h"
#include "tb_gc.h"

void tb_embed_roots(struct tb_context *cx) {
  struct tb_embedded *instance = tb_embedded(cx);
  for (u32 i = 0; i < instance->shape_count; i++) {
    if (!instance->held[i]) continue;
    u32 shown = instance->slots[i] == instance->held[i];
    tb_gc_root(cx, &instance->held[i]);
    if (shown) instance->slots[i] = instance->held[i]; /* where it was moved to */
  }
}
