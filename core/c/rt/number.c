/* The numbers of compact tables: unsigned LEB128 of at most 32 bits. */
#include "tb_rt.h"

u32 tb_rt_number(const u8 **at) {
  u32 number = 0, shift = 0, byte;
  do {
    byte = *(*at)++;
    number |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  return number;
}
