/* Global variables: cells of the store. Those that hold references are listed in table `global_refs`. */
#include "tb_gc.h"

void tb_globals_roots(struct tb_context *cx) {
  const u32 *index = tb_global_refs(cx);
  for (u32 left = *index++; left; left--) tb_gc_root(cx, (tb_ref *)&tb_store_of(cx)->globals[*index++]);
}
