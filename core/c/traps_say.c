/* Words on standard error, each written as it is: it has no buffer. */
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
