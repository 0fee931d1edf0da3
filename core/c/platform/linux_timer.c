/* The deadline: a timer signal sets a flag. Without SA_RESTART, so that a blocking read comes back. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

static volatile u32 *tb_platform_flag;

static void tb_platform_alarm(int signal) {
  (void)signal;
  *tb_platform_flag = 1;
}

void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  struct tb_linux_sigaction action = TB_LINUX_SIGACTION(tb_platform_alarm, 0);
  /* Again every 100 ms: what starts to block after the first signal comes back too. */
  u64 timer[4] = {0, 100000, milliseconds / 1000, milliseconds % 1000 * 1000};
  tb_platform_flag = flag;
  /* SIGALRM = 14; ITIMER_REAL = 0. */
  TB_LINUX_LISTED(TB_LINUX_RT_SIGRETURN); /* the handler's way back */
  tb_linux_early6(TB_LINUX_RT_SIGACTION, 14, (long)&action, 0, sizeof action.mask, 0, 0);
  if (milliseconds) tb_linux_early3(TB_LINUX_SETITIMER, 0, (long)timer, 0);
}

void tb_platform_interrupt_flag(volatile u32 *flag) { tb_platform_flag = flag; }
