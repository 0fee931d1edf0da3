/* What those share who run a program: entry points of standalone executables, from its start to the end of the
 * process, and programs that run others. */
#ifndef TB_ENTRY_H
#define TB_ENTRY_H
#include "tb_platform.h"

u32 tb_run(struct tb_context *cx, u32 entry);

/* How a program ended that has finished: its exit status, after the report of a trap. */
static inline TB_ALWAYS_INLINE int tb_status(struct tb_context *cx, u32 trap) {
  int status = (int)TB_REPORT(cx, trap);
  /* The entry point's result, an i32, is the exit status; HALT leaves none. */
  if (TB_ENTRY_RESULTS(cx) && !trap && cx->sp > cx->stack_base) status = (int)(cx->stack_base[0] & 0xff);
  if (TB_FAILED(cx) && !trap) status = TB_FAILED(cx);
  return status;
}

_Noreturn static inline TB_ALWAYS_INLINE void tb_run_program(struct tb_context *cx) {
  tb_start(cx);
  u32 trap = tb_run(cx, TB_ENTRY(cx));
  tb_finish(cx);
  tb_platform_exit(tb_status(cx, trap));
}

#endif
