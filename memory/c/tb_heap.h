/* The heap in its cage, and interface `heap`: where the allocation buffer is filled from.
 *
 *     cage   | null | string constants | heap ............................ |
 *              0      8                  store.heap_start                    store.heap_end
 *
 * Allocation bumps alloc_top within the context's allocation buffer [alloc_top, alloc_end), which is
 * zeroed memory. When an object does not fit, the allocator or collector of the plan is asked. */
#ifndef TB_HEAP_H
#define TB_HEAP_H
#include "tb.h"

/* A zeroed object of `size` bytes (a multiple of 8, at least 8) with its header written; 0 when there is
 * no memory. A safepoint: with a collector, references may move. */
tb_ref tb_heap_allocate(struct tb_context *cx, u64 size, u32 type, u32 length);

/* Interface `heap`. Zeroed memory of `size` bytes, for an object of this type, outside of the allocation buffer
 * as it was; may replace the buffer. 0 when there is none. */
tb_ref tb_heap_exhausted(struct tb_context *cx, u32 size, u32 type);

/* No object is larger; sizes fit 32 bits with room to spare. */
#define TB_HEAP_MAX 0x7ffffff0u

#endif
