/* The report of an uncaught trap. Each piece is written as it is: standard error has no buffer. */
#include "tb_traps.h"
#include "tb_platform.h"
#include "tb_rt.h"

void tb_traps_say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_platform_write(2, text, length);
}

void tb_traps_say_number(u32 number) {
  u8 digits[12];
  u8 *end = digits + sizeof digits;
  u8 *start = tb_rt_decimal(end, number);
  tb_platform_write(2, start, (u64)(end - start));
}

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
