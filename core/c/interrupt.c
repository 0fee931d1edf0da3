/* Interruption: a flag that the engine polls, set when the time is up. */
#include "tb_platform.h"

void tb_interrupt_start(struct tb_context *cx) { tb_platform_interrupt_after(TB_TIMEOUT, &cx->interrupted); }
