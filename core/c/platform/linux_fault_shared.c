/* Faults in a process that has other business too: what is no access of the table is left to the handler that was there
 * before, or to the system. */
#include "tb_linux_fault.h"

typedef void (*tb_linux_handler)(int signal, const s32 *info, u64 *context);

static const s32 *tb_linux_shared_faults;
static struct tb_linux_sigaction tb_linux_before;
static u32 tb_linux_catches;

static void tb_linux_on_shared_fault(int signal, const s32 *info, u64 *context) {
  if (tb_linux_went_on(tb_linux_shared_faults, info, context)) return;
  tb_linux_handler handler = (tb_linux_handler)(void *)tb_linux_before.handler;
  if ((u64)handler > 1) {
    handler(signal, info, context); /* one that takes only the signal finds it where it is */
    return;
  }
  if (handler && tb_linux_was_sent(info)) return; /* ignored; what the processor finds cannot be */
  struct tb_linux_sigaction standard = {0};
  tb_linux_catch(&standard, 0);
  if (tb_linux_was_sent(info)) tb_linux_send_again();
}

void tb_platform_share_faults(const s32 *table) {
  struct tb_linux_sigaction there, now = TB_LINUX_SIGACTION((void (*)(int))(void *)tb_linux_on_shared_fault, TB_LINUX_SIGINFO | TB_LINUX_ONSTACK);
  if (tb_linux_catches) return;
  tb_linux_shared_faults = table;
  TB_LINUX_LISTED(TB_LINUX_RT_SIGRETURN); /* the handler's way back */
  /* Two threads may come here at once: whoever finds the handler there leaves it alone. */
  if (tb_linux_catch(0, &there)) return;
  if (there.handler != now.handler) {
    tb_linux_before = there;
    tb_linux_catch(&now, 0);
  }
  tb_linux_catches = 1;
}
