/* References that the host has in slots. */
#include "tb_embed.h"
#include "tb_gc.h"

void tb_embed_roots(struct tb_context *cx) {
  struct tb_embedded *instance = tb_embedded(cx);
  /* The low half of a slot is the reference; the high half is zero. */
  for (u32 i = 0; i < instance->shape_count; i++)
    if (instance->held[i]) tb_gc_root(cx, (tb_ref *)(void *)&instance->slots[i]);
}
