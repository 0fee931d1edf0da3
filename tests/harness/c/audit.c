#include "tb_harness.h"
#include "tb_walk.h"

/* The heap walk that a test compares with what is reachable. */
void tb_harness_audit(struct tb_context *cx) {
  u32 objects = 0, bytes = 0, size;
  for (tb_ref at = tb_the_store.heap_start; at < tb_the_store.heap_end; at += size) {
    size = tb_walk_size(cx, at);
    if (tb_object_type(cx, at) == TB_TYPE_FREE) continue;
    objects++;
    bytes += size;
  }
  tb_harness_record('G', objects, bytes, 0, 0, 0);
}
