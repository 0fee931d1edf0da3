/* The harness's system calls, freestanding. */
#include "tb_harness.h"
#include "tb_linux_cpu.h"

long tb_harness_call(int what, long argument, void *more) {
  switch (what) {
  case TB_HARNESS_FORK: return tb_linux_call6(TB_LINUX_CLONE, 17 /* SIGCHLD */, 0, 0, 0, 0, 0);
  case TB_HARNESS_WAIT: return tb_linux_call6(TB_LINUX_WAIT4, argument, (long)more, 0, 0, 0, 0);
  case TB_HARNESS_PIPE: return tb_linux_call3(TB_LINUX_PIPE2, (long)more, 0, 0);
  case TB_HARNESS_DUP: return tb_linux_call3(TB_LINUX_DUP3, argument, 0, 0);
  case TB_HARNESS_CLOSE: return tb_linux_call3(TB_LINUX_CLOSE, argument, 0, 0);
  default: return tb_linux_call3(TB_LINUX_LSEEK, argument, 0, 1 /* SEEK_CUR */);
  }
}
