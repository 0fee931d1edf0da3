/* Which thread this is, where there is a C library. */
#ifndef TB_THREAD_H
#define TB_THREAD_H
#include "tb.h"
#include <pthread.h>

static inline TB_UNUSED u64 tb_thread(u32 known) {
  (void)known;
  return (u64)pthread_self();
}
static inline TB_UNUSED u32 tb_thread_known(void) { return 1; }

#endif
