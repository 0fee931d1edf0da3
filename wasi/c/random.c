/* random_get. */
#include "tb_p1.h"
#include "tb_random.h"

enum { TB_P1_RANDOM = 1 << 20 };

u32 tb_p1_random_get(struct tb_context *cx, u32 at, u32 bytes) {
  if (!TB_WASI_RANDOM) return TB_P1_NOTCAPABLE;
  u8 *to = tb_p1_at(cx, at, bytes);
  if (!to) return TB_P1_FAULT;
  while (bytes) {
    long done = tb_platform_random(to, bytes < TB_P1_RANDOM ? bytes : TB_P1_RANDOM);
    if (done < 0 && (done != -4 || TB_INTERRUPTED(cx))) return TB_P1_IO;
    if (done < 0) continue;
    if (TB_INTERRUPTED(cx)) return TB_P1_INTR;
    to += done;
    bytes -= (u32)done;
  }
  return TB_P1_SUCCESS;
}
