/* Faults in a process of its own: SIGSEGV where an access is in the table of tb_faults.h goes on at the label that
 * stands there; any other ends the process. */
#include "tb_linux_fault.h"

static const s32 *tb_linux_faults;

/* SA_RESETHAND: what the system does by itself is in force again when it is called. */
static void tb_linux_on_fault(int signal, const s32 *info, u64 *context) {
  (void)signal;
  if (tb_linux_went_on(tb_linux_faults, info, context))
    tb_platform_on_faults(tb_linux_faults);
  else if (tb_linux_was_sent(info))
    tb_linux_send_again();
}

void tb_platform_on_faults(const s32 *table) {
  static const struct tb_linux_sigaction action = TB_LINUX_SIGACTION((void (*)(int))(void *)tb_linux_on_fault, TB_LINUX_SIGINFO | TB_LINUX_RESETHAND);
  static const u64 segv = 1 << (TB_LINUX_SIGSEGV - 1);
  tb_linux_faults = table;
  tb_linux_catch(&action, 0);
  /* SIG_UNBLOCK: whoever started the process may have had it blocked. */
  tb_linux_call6(TB_LINUX_RT_SIGPROCMASK, 1, (long)&segv, 0, sizeof segv, 0, 0);
}
