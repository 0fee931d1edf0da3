/* Unsigned decimal text, written from its end. */
#include "tb_rt.h"

u8 *tb_rt_decimal(u8 *end, u64 value) {
  do {
    *--end = (u8)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return end;
}
