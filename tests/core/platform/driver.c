/* Calls a platform layer and prints what it gives, a number a line; the test knows what is right.
 * Standard input: nothing at first; the test writes when it has read the second line. */
#include "tb_platform.h"

static void print(long number) {
  char digits[24];
  u32 at = sizeof digits;
  u64 left = number < 0 ? 0 - (u64)number : (u64)number;
  digits[--at] = '\n';
  do digits[--at] = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0) digits[--at] = '-';
  tb_platform_write(1, digits + at, sizeof digits - at);
}

static volatile u32 flag;

_Noreturn void tb_entry(const void *start) {
  (void)start;
  /* Time goes on by what was waited for, and no less; 0 for no input. */
  u64 before = tb_platform_clock(TB_CLOCK_STEADY);
  print(tb_platform_wait(30000000, 0));
  print(tb_platform_clock(TB_CLOCK_STEADY) - before >= 30000000);
  /* 1 once there is input; and again at its end. */
  print(tb_platform_wait(60000000000, 0));
  char byte = 0;
  print(tb_platform_read(0, &byte, 1));
  print(byte);
  print(tb_platform_wait(60000000000, 0));
  print(tb_platform_read(0, &byte, 1));
  print((long)tb_platform_clock(TB_CLOCK_REAL));

  /* An empty file where a long one was, then what is written to it. */
  long file = tb_platform_open_write("made");
  print(file > 2);
  print(tb_platform_write((int)file, "text", 4));
  print(tb_platform_close((int)file));
  print(tb_platform_close((int)file));
  print(tb_platform_open_write("missing/made"));

  /* A file takes another's name, and goes. */
  print(tb_platform_rename("made", "taken"));
  print(tb_platform_rename("made", "taken"));
  print(tb_platform_remove("gone"));
  print(tb_platform_remove("gone"));

  print((long)tb_platform_memory());
  print(tb_platform_cores());
  print((long)tb_platform_native_stack());

  u8 *at = tb_platform_map((void *)0x10000000, 70000);
  at[69999] = 7;
  print(at == (u8 *)0x10000000 && at[0] == 0 && at[69999] == 7);

  /* A deadline ends a wait without input, again and again. */
  tb_platform_interrupt_after(50, &flag);
  print(tb_platform_wait(60000000000, -1));
  print(flag);
  print(tb_platform_wait(60000000000, -1));
  tb_platform_exit(42);
}
