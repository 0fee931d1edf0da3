/* Collector `semispace`: precise, stops the program, copies what is reachable to the other half of the
 * heap (Cheney 1970).
 *
 *     heap   | half ................................... | half ............... |
 *            gc_to | objects | buffer | not used yet    | gc_from
 *                                     gc_free
 *
 * A collection exchanges the halves and copies: first the objects that roots name, then, object by
 * object, those that the copies name; the copies that are not scanned yet are the queue. A moved object
 * leaves TB_MOVED in its header's collector byte, and its new place in the length.
 *
 * Allocation is a bump and a collection costs what is alive, not what the heap is large; the price is
 * that half of the heap is empty. Choose it when most objects die young and memory is not scarce. */
#include "tb_heap.h"
#include "tb_walk.h"

enum { TB_MOVED = 1 << 24 };
/* Memory is zeroed when it is handed out: in pieces that stay in the cache. */
enum { TB_BUFFER_BYTES = 32768 };

/* What the heap holds besides objects looks like a free block, so that it can be walked. */
static void tb_semispace_fill(struct tb_context *cx, tb_ref at, u32 bytes) {
  if (!bytes) return;
  tb_store_u32(tb_object(cx, at), TB_TYPE_FREE);
  tb_store_u32(tb_object(cx, at) + 4, bytes);
}

void tb_semispace_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  store->gc_half = (store->heap_end - store->heap_start) / 2 & ~7u;
  store->heap_end = store->heap_start + 2 * store->gc_half;
  store->gc_to = store->gc_free = store->heap_start;
  store->gc_from = store->heap_start + store->gc_half;
  cx->alloc_top = cx->alloc_end = 0;
}

/* A slot can be handed over twice: the second time it names a copy, which stays. */
void tb_gc_root(struct tb_context *cx, tb_ref *root) {
  struct tb_store *store = tb_store_of(cx);
  tb_ref at = *root;
  if (at - store->gc_from >= store->gc_half) return; /* null, a string constant, or moved already */
  u8 *object = tb_object(cx, at);
  if (!(tb_load_u32(object) & TB_MOVED)) {
    u32 size = tb_walk_size(cx, at);
    __builtin_memcpy(tb_object(cx, store->gc_free), object, size);
    tb_store_u32(object, TB_MOVED);
    tb_store_u32(object + 4, store->gc_free);
    store->gc_free += size;
  }
  *root = tb_load_u32(object + 4);
}

/* The buffer's rest is at the end of what is in use: it can be cut anew. */
static void tb_semispace_retire(struct tb_context *cx) {
  if (cx->alloc_end) tb_store_of(cx)->gc_free = cx->alloc_top;
  cx->alloc_top = cx->alloc_end = 0;
}

static void tb_semispace_collect(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  tb_ref to = store->gc_from;
  store->gc_from = store->gc_to;
  store->gc_to = store->gc_free = to;
  tb_walk_roots(cx);
  for (tb_ref at = to; at < store->gc_free; at += tb_walk_size(cx, at)) tb_walk_object(cx, at);
  /* Whoever kept an old reference is found out soon. */
  if (TB_GC_STRESS) __builtin_memset(tb_object(cx, store->gc_from), 0xdb, store->gc_half);
  tb_semispace_fill(cx, store->gc_from, store->gc_half);
  tb_semispace_fill(cx, store->gc_free, to + store->gc_half - store->gc_free);
  TB_GC_AUDIT(cx);
}

tb_ref tb_heap_exhausted(struct tb_context *cx, u32 size, u32 type) {
  (void)type;
  struct tb_store *store = tb_store_of(cx);
  tb_semispace_retire(cx);
  if (TB_GC_STRESS || size > store->gc_to + store->gc_half - store->gc_free) tb_semispace_collect(cx);
  u32 left = store->gc_to + store->gc_half - store->gc_free;
  if (size > left) return 0;
  u32 taken = TB_GC_STRESS || size > TB_BUFFER_BYTES ? size : TB_BUFFER_BYTES;
  if (taken > left) taken = left;
  tb_ref at = store->gc_free;
  store->gc_free = at + taken;
  __builtin_memset(tb_object(cx, at), 0, taken);
  cx->alloc_top = at + size;
  cx->alloc_end = at + taken;
  return at;
}
