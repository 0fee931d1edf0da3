/* What entry points of standalone executables share: from the start of a program to the end of the process. */
#ifndef TB_ENTRY_H
#define TB_ENTRY_H
#include "tb_platform.h"

u32 tb_run(struct tb_context *cx, u32 entry);

_Noreturn static inline TB_ALWAYS_INLINE void tb_run_program(struct tb_context *cx) {
  tb_start(cx);
  u32 trap = tb_run(cx, TB_ENTRY);
  tb_finish(cx);
  int status = (int)TB_REPORT(cx, trap);
  /* The entry point's result, an i32, is the exit status; HALT leaves none. */
  if (TB_ENTRY_RESULTS && !trap && cx->sp > cx->stack_base) status = (int)(cx->stack_base[0] & 0xff);
  if (TB_FAILED(cx) && !trap) status = TB_FAILED(cx);
  tb_platform_exit(status);
}

#endif
