/* Interruption: the host sets a flag that the engine polls. */
#include "tb_embed.h"

void tblvm_interrupt(tblvm_context *context) {
  struct tb_context *cx = tb_embed_context(context);
  __atomic_store_n(&cx->interrupted, 1, __ATOMIC_SEQ_CST);
  if (TB_LINKS) tb_links_interrupt(cx);
}
