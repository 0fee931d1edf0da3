#include "tb_polled.h"

enum { TB_POLLED_MILLISECOND = 1000000, TB_POLLED_POLLS = 256 };

static u64 tb_polled_deadline; /* by the steady clock; 0 for none */
static volatile u32 *tb_polled_flag;
static u32 tb_polled_polls;

void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  tb_polled_flag = flag;
  tb_polled_deadline = milliseconds ? tb_platform_clock(TB_CLOCK_STEADY) + milliseconds * TB_POLLED_MILLISECOND : 0;
}

void tb_platform_interrupt_flag(volatile u32 *flag) { tb_polled_flag = flag; }

static u32 tb_polled_is_late(void) {
  if (!tb_polled_deadline || tb_platform_clock(TB_CLOCK_STEADY) < tb_polled_deadline) return 0;
  *tb_polled_flag = 1;
  return 1;
}

u32 tb_platform_is_up(volatile u32 *flag) {
  if (!*flag && ++tb_polled_polls % TB_POLLED_POLLS == 0) tb_polled_is_late();
  return *flag;
}

int tb_platform_wait(u64 nanoseconds, int descriptor) {
  u64 now = tb_platform_clock(TB_CLOCK_STEADY), end = now + nanoseconds < now ? ~(u64)0 : now + nanoseconds;
  u64 until = tb_polled_deadline && tb_polled_deadline < end ? tb_polled_deadline : end;
  for (;;) {
    int ready = tb_polled_pause(now < until ? until - now : 0, descriptor);
    if (ready) return ready;
    now = tb_platform_clock(TB_CLOCK_STEADY);
    if (tb_polled_is_late()) return -4;
    if (now >= end) return 0;
  }
}

int tb_polled_wait_for(int descriptor) {
  if (!tb_polled_deadline) return 0;
  int ready = tb_platform_wait(~(u64)0, descriptor);
  return ready == -4 && *tb_polled_flag ? -4 : 0;
}
