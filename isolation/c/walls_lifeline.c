/* The lifeline: whoever started the process holds the other end of a pipe, and nothing is ever written there. When it
 * ends, however it does, the kernel closes that end and sends SIGIO here, which ends the process. */
#include "tb_walls_steps.h"
#include "walls_linux.h"

enum { TB_F_GETFL = 3, TB_F_SETFL = 4, TB_F_SETOWN = 8, TB_O_ASYNC = 020000, TB_POLL_GONE = 0x38 };

static long tb_walls_fcntl(s32 descriptor, u32 what, u64 value) {
  return tb_walls_call(TB_LINUX_FCNTL, (u64)(u32)descriptor, what, value, 0, 0);
}

u32 tb_walls_lifeline(const struct tb_walls *what) {
  if (what->lifeline < 0) return 0;
  long flags = tb_walls_fcntl(what->lifeline, TB_F_GETFL, 0);
  long done = flags < 0 ? flags : tb_walls_fcntl(what->lifeline, TB_F_SETOWN, (u64)tb_walls_call(TB_LINUX_GETPID, 0, 0, 0, 0, 0));
  if (done >= 0) done = tb_walls_fcntl(what->lifeline, TB_F_SETFL, (u64)flags | TB_O_ASYNC);
  if (done >= 0) {
    /* It may have ended before. POLLERR, POLLHUP, POLLNVAL. */
    const u64 now[2] = {0, 0};
    struct {
      s32 descriptor;
      s16 events, found;
    } poll = {what->lifeline, 0, 0};
    done = tb_walls_call(TB_LINUX_PPOLL, (u64)&poll, 1, (u64)now, 0, 0);
    if (done >= 0 && poll.found & TB_POLL_GONE) done = -32; /* EPIPE */
  }
  what->found->error = done < 0 ? (u32)-done : 0;
  return done < 0;
}
