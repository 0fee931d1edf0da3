/* What those share who run a program: entry points of standalone executables, from its start to the end of the
 * process, and programs that run others. */
#ifndef TB_ENTRY_H
#define TB_ENTRY_H
#include "tb_platform.h"

u32 tb_run(struct tb_context *cx, u32 entry);

/* Of a program that has no start function. */
#define TB_NO_FUNCTION 0xffffffffu

/* Runs the start function, if there is one: 0, or the trap that stopped it. *ended: whether that was the end of the
 * program, by a trap or by HALT. A function that returns gives its cells back; one that was stopped does not. */
static inline TB_UNUSED u32 tb_run_start(struct tb_context *cx, u32 *ended) {
  *ended = 0;
  if (TB_START_FUNCTION(cx) == TB_NO_FUNCTION) return 0;
  u32 left = cx->cells_left, trap = tb_run(cx, TB_START_FUNCTION(cx));
  *ended = cx->cells_left != left;
  return trap;
}

/* Runs a program from its beginning: 0, or the trap that stopped it. */
static inline TB_ALWAYS_INLINE u32 tb_run_whole(struct tb_context *cx) {
  u32 ended, trap = tb_run_start(cx, &ended);
  return ended ? trap : tb_run(cx, TB_ENTRY(cx));
}

/* How a program ended that has finished: its exit status, after the report of a trap. */
static inline TB_ALWAYS_INLINE int tb_status(struct tb_context *cx, u32 trap) {
  if (TB_EXITED(cx, trap)) return (int)TB_EXIT_STATUS(cx);
  int status = (int)TB_REPORT(cx, trap);
  /* The entry point's result, an i32, is the exit status; HALT leaves none. */
  if (TB_ENTRY_RESULTS(cx) && !trap && cx->sp > cx->stack_base) status = (int)(cx->stack_base[0] & 0xff);
  if (TB_FAILED(cx) && !trap) status = TB_FAILED(cx);
  return status;
}

_Noreturn static inline TB_ALWAYS_INLINE void tb_run_program(struct tb_context *cx) {
  tb_start(cx);
  TB_BEFORE_RUN(cx);
  u32 trap = tb_run_whole(cx);
  tb_finish(cx);
  tb_platform_exit(tb_status(cx, trap));
}

#endif
