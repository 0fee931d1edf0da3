/* Interface `entry` of a standalone executable: one context, one store, one program. */
#include "tb_platform.h"

struct tb_context tb_the_context;
struct tb_store tb_the_store;

u32 tb_run(struct tb_context *cx, u32 entry);

_Noreturn void tb_entry(const void *start) {
  (void)start;
  struct tb_context *cx = &tb_the_context;
  tb_start(cx);
  u32 trap = tb_run(cx, TB_ENTRY);
  tb_finish(cx);
  int status = (int)TB_REPORT(cx, trap);
  /* The entry point's result, an i32, is the exit status; HALT leaves none. */
  if (TB_ENTRY_RESULTS && !trap && cx->sp > cx->stack_base) status = (int)(cx->stack_base[0] & 0xff);
  if (TB_FAILED(cx) && !trap) status = TB_FAILED(cx);
  tb_platform_exit(status);
}
