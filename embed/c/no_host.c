/* Interface `bindings` of programs that import nothing. */
#include "tb_embed.h"

void tb_embed_bind(struct tb_context *cx) { (void)cx; }
