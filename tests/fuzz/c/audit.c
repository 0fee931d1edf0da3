/* After each collection: objects and free blocks fill the heap without a gap. */
#include "tb_fuzz.h"
#include "tb_walk.h"

#include <stdlib.h>

void tb_fuzz_audit(struct tb_context *cx) {
  tb_ref at = tb_the_store.heap_start;
  while (at < tb_the_store.heap_end) {
    u32 size = tb_walk_size(cx, at);
    if (size < 8 || size % 8 || size > tb_the_store.heap_end - at) abort();
    at += size;
  }
}
