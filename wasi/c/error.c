/* Error numbers of Linux, which are the same on all its processors that are targets, as WASI's. */
#include "tb_p1_fd.h"

u32 tb_p1_error(long result) {
  static const u8 numbers[] = {0, 63, 44, 71, 27, 29, 60, 1, 45, 8, 12, 6, 48, 2, 21, 0, 10, 20, 75, 43, 54, 31, 28, 41, 33, 59, 74, 22, 51, 70, 69, 34, 64, 18, 68, 16, 37, 46, 52, 55, 32};
  if (result == -18) return TB_P1_PERM; /* a path that leads outside; there is no rename between file systems else */
  if (result == -95) return TB_P1_NOTSUP;
  if (result == -75) return TB_P1_OVERFLOW;
  if (result == -122) return 19; /* DQUOT */
  return result < 0 && result > -(long)sizeof numbers && numbers[-result] ? numbers[-result] : TB_P1_IO;
}
