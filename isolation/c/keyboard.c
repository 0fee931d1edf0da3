/* Nobody types here: the host interrupts. */
#include "tb_embed.h"

volatile u32 *tb_embed_begin(struct tb_context *cx) {
  (void)cx;
  return 0;
}
void tb_embed_end(volatile u32 *outer) { (void)outer; }
