/* Interface `entry` of a standalone executable: one context, one store, one program. */
#include "tb_entry.h"

struct tb_context tb_the_context;
struct tb_store tb_the_store;

_Noreturn void tb_entry(const void *start) {
  tb_open(&tb_the_context);
  TB_PROCESS(&tb_the_context, start);
  tb_run_program(&tb_the_context);
}
