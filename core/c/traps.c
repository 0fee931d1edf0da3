/* The report of an uncaught trap. */
#include "tb_traps.h"

u32 tb_traps_report(struct tb_context *cx, u32 trap) {
  static const u8 statuses[] = {TB_TRAP_STATUSES};
  if (!trap) return 0;
  tb_traps_say("tblvm: trap: ");
  if (TB_TRAPS_TEXT) {
    const char *text = TB_TRAP_MESSAGES;
    for (u32 left = trap - 1; left; left--)
      while (*text++) continue;
    tb_traps_say(text);
  } else {
    tb_traps_say_number(trap);
  }
  tb_traps_say("\n");
  tb_trap(cx);
  return statuses[trap];
}
