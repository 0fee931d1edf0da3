/* Interface `traps`: the report of an uncaught trap, on standard error. */
#ifndef TB_TRAPS_H
#define TB_TRAPS_H
#include "tb.h"

/* Reports the trap (0: none, says nothing) and gives the exit status. */
u32 tb_traps_report(struct tb_context *cx, u32 trap);

/* For those who add to the report. */
void tb_traps_say(const char *text);
void tb_traps_say_number(u32 number);

#endif
