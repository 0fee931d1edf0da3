/* Interruption: the host sets a flag that the engine polls. */
#include "tb_embed.h"

void tblvm_interrupt(tblvm_context *context) { tb_embed_context(context)->interrupted = 1; }
