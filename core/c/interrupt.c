/* Interruption: a flag that the engine polls, set when the time is up. */
#include "tb_platform.h"

/* A program that another one runs has the same deadline. A signal between the two steps counts: it sets the
 * flag that the second one reads. */
void tb_interrupt_hand(struct tb_context *inner, struct tb_context *outer) {
  tb_platform_interrupt_flag(&inner->interrupted);
  if (outer->interrupted) inner->interrupted = 1;
}
void tb_interrupt_return(struct tb_context *inner, struct tb_context *outer) {
  tb_platform_interrupt_flag(&outer->interrupted);
  if (inner->interrupted) outer->interrupted = 1;
}

void tb_interrupt_start(struct tb_context *cx) { tb_platform_interrupt_after(TB_TIMEOUT, &cx->interrupted); }
