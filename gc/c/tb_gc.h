/* Interface `collector`. Libraries that keep references outside of frames hand each to tb_gc_root when
 * their on_roots function is called; a collector that moves objects changes it there. The same slot may be
 * handed over more than once in a collection. */
#ifndef TB_GC_H
#define TB_GC_H
#include "tb.h"

void tb_gc_root(struct tb_context *cx, tb_ref *root);

#endif
