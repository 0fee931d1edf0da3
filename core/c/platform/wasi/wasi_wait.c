/* Clocks, and waiting. */
#include "tb_wasi.h"
#include "tb_polled.h"

/* The clocks' numbers are WASI's. */
u64 tb_platform_clock(u32 which) {
  u64 time = 0;
  tb_wasi_clock_time_get(which, 1, &time);
  return time;
}

int tb_polled_pause(u64 nanoseconds, int descriptor) {
  const struct tb_wasi_subscription what[2] = {
      {.tag = 0, .which = TB_CLOCK_STEADY, .timeout = nanoseconds},
      {.data = 1, .tag = 1, .which = (u32)descriptor},
  };
  struct tb_wasi_event found[2];
  u32 count = 0, error = tb_wasi_poll_oneoff(what, found, descriptor < 0 ? 1 : 2, &count);
  if (error) return (int)tb_wasi_error(error);
  for (u32 i = 0; i < count; i++)
    if (found[i].data) return 1; /* reading tells what is wrong with it */
  return 0;
}
