#include "tb_traps.h"

void tb_barrier_finish(struct tb_context *cx) {
  tb_traps_say_number(tb_store_of(cx)->barriers);
  tb_traps_say(" references stored\n");
}
