/* From the start of a program to its end. */
#ifndef TB_START_H
#define TB_START_H
#include "tb_host.h"

/* What is to be done before a program ends: nothing, unless atexit or files are used. */
void __tb_at_end(void);
void __tb_run_atexit(void);
void __tb_flush_files(void);

WASI(proc_exit) _Noreturn void wasi_exit(int status);

#endif
