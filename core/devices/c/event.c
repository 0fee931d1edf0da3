/* Waiting for time or input. */
#include "tb_devices.h"
#include "tb_io.h"
#include "tb_platform.h"

u32 tb_event_wait(struct tb_context *cx, u32 timeout) {
  if (tb_store_of(cx)->io_in_at != tb_store_of(cx)->io_in_end) return 1;
  tb_before_block(cx);
  int ready;
  /* Waits again after a signal that means nothing to the program, and then for the whole time. */
  do ready = TB_CONSOLE_WAIT(cx, timeout >> 31 ? ~0ull : timeout * 1000000ull);
  while (ready == -4 && !TB_INTERRUPTED(cx));
  if (ready <= 0) return ready == 0 || ready == -4 ? 0 : 2;
  /* The end of input is ready too: only reading tells. */
  return tb_io_peek(cx) < 0x100 ? 1 : 2;
}
