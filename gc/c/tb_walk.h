/* What collectors share: sizes of objects, the references in them, the references in frames. */
#ifndef TB_WALK_H
#define TB_WALK_H
#include "tb_gc.h"

/* Bytes that the object or free block at `at` takes; what follows it starts there. */
u32 tb_walk_size(struct tb_context *cx, tb_ref at);
/* Calls tb_gc_root for every reference in the object. */
void tb_walk_object(struct tb_context *cx, tb_ref at);
/* Calls tb_gc_root for every reference in frames, by their reference maps, and in the libraries. */
void tb_walk_roots(struct tb_context *cx);

#endif
