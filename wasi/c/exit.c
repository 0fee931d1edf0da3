/* proc_exit. There are no signals to raise. */
#include "tb_native.h"
#include "tb_p1.h"

u32 tb_p1_proc_exit(struct tb_context *cx, u32 status) {
  TB_EXIT_STATUS(cx) = status;
  return TB_NATIVE_ENDED;
}

u32 tb_p1_proc_raise(struct tb_context *cx, u32 signal) {
  (void)cx, (void)signal;
  return TB_P1_NOTSUP;
}
