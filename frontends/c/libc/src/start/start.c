/* The entry point: what it returns is the exit status. main that takes no arguments is __main_void to the
 * compiler; for one that does, arguments.c has a function of this name. */
#include "tb_start.h"

UNLESS_NEEDED void __tb_at_end(void) {}

int __main_void(void);

__attribute__((export_name("_start"))) int _start(void) {
  int status = __main_void();
  __tb_at_end();
  return status;
}
