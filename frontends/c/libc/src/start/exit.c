#include <stdlib.h>
#include "tb_start.h"

void exit(int status) {
  __tb_at_end();
  wasi_exit(status & 0xff);
}

void _Exit(int status) { wasi_exit(status & 0xff); }

/* As when a program is ended by a signal: status 134. */
void abort(void) { __builtin_trap(); }
