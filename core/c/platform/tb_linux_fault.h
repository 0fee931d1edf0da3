/* What handlers of SIGSEGV share. */
#ifndef TB_LINUX_FAULT_H
#define TB_LINUX_FAULT_H
#include "tb_linux_cpu.h"
#include "tb_platform.h"

/* SIGSEGV. SEGV_ACCERR: there is something at the address, which may not be touched. SA_SIGINFO: the handler takes all
 * three; SA_ONSTACK: on the thread's own signal stack, if it has one. */
enum {
  TB_LINUX_SIGSEGV = 11,
  TB_LINUX_ACCERR = 2,
  TB_LINUX_SIGINFO = 4,
  TB_LINUX_ONSTACK = 0x08000000,
  TB_LINUX_RESETHAND = (int)0x80000000u
};

/* These are on no list (tb_linux_listed.h): where there are walls, their handler was there before, and gets what is no
 * access of the table. */
static inline TB_UNUSED long tb_linux_catch(const struct tb_linux_sigaction *now, struct tb_linux_sigaction *before) {
  return tb_linux_early6(TB_LINUX_RT_SIGACTION, TB_LINUX_SIGSEGV, (long)now, (long)before, sizeof now->mask, 0, 0);
}

/* A signal's third number says why it is there: above 0 what the processor found, else somebody has sent it. */
static inline TB_UNUSED u32 tb_linux_was_sent(const s32 *info) { return info[2] <= 0; }

/* The signal comes again when the handler has returned, which holds it back. */
static inline TB_UNUSED void tb_linux_send_again(void) {
  tb_linux_early3(TB_LINUX_KILL, tb_linux_early3(TB_LINUX_GETPID, 0, 0, 0), TB_LINUX_SIGSEGV, 0);
}

/* Whether an access of the table made the fault: then its label is next. What such an access cannot touch is in the
 * addresses of a linear memory: to their start it adds no more than they have. */
static inline TB_UNUSED u32 tb_linux_went_on(const s32 *table, const s32 *info, u64 *context) {
  u64 *pc = context + TB_LINUX_CONTEXT_PC / 8;
  if (info[2] != TB_LINUX_ACCERR) return 0;
  for (const s32 *row = table + 1; row < table + *table / 4; row += 2)
    if (*pc == (u64)row + (u64)(s64)row[0]) {
      *pc = (u64)(row + 1) + (u64)(s64)row[1];
      return 1;
    }
  return 0;
}

#endif
