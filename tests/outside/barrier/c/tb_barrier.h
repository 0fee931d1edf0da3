/* The write barrier: `holder` is the object that is stored to, 0 for a global variable. */
#ifndef TB_BARRIER_H
#define TB_BARRIER_H
#include "tb.h"

static inline TB_UNUSED void tb_barrier(struct tb_context *cx, tb_ref holder, tb_ref value) {
  (void)holder, (void)value;
  tb_store_of(cx)->barriers++;
}

#endif
