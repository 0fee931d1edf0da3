/* Collector `marksweep`: precise, stops the program, moves nothing (McCarthy 1960).
 *
 * Mark: a mark stack of fixed size. An object that does not fit is marked PENDING, and the heap is walked
 * for those until there are none left. Deep structures cost extra walks, never memory.
 * Sweep: at once; unmarked neighbours become one hole. Holes stand in order of address:
 *
 *     hole        | FREE | bytes | next hole (if bytes >= 16) ...
 *
 * The allocation buffer is cut from the next hole that is large enough; holes that are too small are left
 * for the collection after. Choose it when memory is small and pauses of a heap's walk are fine. */
#include "tb_heap.h"
#include "tb_walk.h"

enum { TB_MARKED = 1 << 24, TB_PENDING = 2 << 24 };
/* Memory is zeroed when it is cut: in pieces that stay in the cache. */
enum { TB_BUFFER_BYTES = 32768 };

static u8 *tb_marksweep_header(struct tb_context *cx, tb_ref at) { return tb_object(cx, at); }

static void tb_marksweep_hole(struct tb_context *cx, tb_ref at, u32 bytes) {
  u8 *header = tb_marksweep_header(cx, at);
  tb_store_u32(header, TB_TYPE_FREE);
  tb_store_u32(header + 4, bytes);
}

void tb_marksweep_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  cx->alloc_top = store->heap_start;
  cx->alloc_end = store->heap_end;
  if (TB_GC_STRESS) { /* no buffer: every allocation comes here */
    cx->alloc_end = cx->alloc_top;
    if (store->heap_end > store->heap_start) {
      tb_marksweep_hole(cx, store->heap_start, store->heap_end - store->heap_start);
      store->gc_hole = store->heap_end - store->heap_start >= 16 ? store->heap_start : 0;
    }
  }
}

void tb_gc_root(struct tb_context *cx, tb_ref *root) {
  struct tb_store *store = tb_store_of(cx);
  tb_ref at = *root;
  if (at < store->heap_start) return; /* null, or a string constant */
  u8 *header = tb_marksweep_header(cx, at);
  u32 word = tb_load_u32(header);
  if (word & TB_MARKED) return;
  word |= TB_MARKED;
  if (store->gc_depth < TB_GC_MARK_STACK) {
    store->gc_stack[store->gc_depth++] = at;
  } else {
    word |= TB_PENDING;
    store->gc_overflow = 1;
  }
  tb_store_u32(header, word);
}

static void tb_marksweep_drain(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  while (store->gc_depth) tb_walk_object(cx, store->gc_stack[--store->gc_depth]);
}

static void tb_marksweep_mark(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  tb_walk_roots(cx);
  tb_marksweep_drain(cx);
  while (store->gc_overflow) {
    store->gc_overflow = 0;
    for (tb_ref at = store->heap_start; at < store->heap_end; at += tb_walk_size(cx, at)) {
      u8 *header = tb_marksweep_header(cx, at);
      u32 word = tb_load_u32(header);
      if (!(word & TB_PENDING)) continue;
      tb_store_u32(header, word & ~(u32)TB_PENDING);
      tb_walk_object(cx, at);
      tb_marksweep_drain(cx);
    }
  }
}

static void tb_marksweep_sweep(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  u32 *link = &store->gc_hole; /* where the next hole's offset goes */
  tb_ref hole = 0;             /* the hole that is growing, 0 for none */
  *link = 0;
  for (tb_ref at = store->heap_start; at < store->heap_end;) {
    u8 *header = tb_marksweep_header(cx, at);
    u32 word = tb_load_u32(header), size = tb_walk_size(cx, at);
    if (word & TB_MARKED) {
      tb_store_u32(header, word & ~(u32)TB_MARKED);
      hole = 0;
    } else if (hole) {
      u32 before = tb_object_length(cx, hole);
      tb_marksweep_hole(cx, hole, before + size);
      if (before < 16) { /* now it is large enough to be in the list */
        *link = hole;
        link = (u32 *)(void *)(tb_marksweep_header(cx, hole) + TB_HEADER);
        *link = 0;
      }
    } else {
      hole = at;
      tb_marksweep_hole(cx, hole, size);
      if (size >= 16) {
        *link = hole;
        link = (u32 *)(void *)(header + TB_HEADER);
        *link = 0;
      }
    }
    at += size;
  }
}

static void tb_marksweep_retire(struct tb_context *cx) {
  if (cx->alloc_top < cx->alloc_end) tb_marksweep_hole(cx, cx->alloc_top, cx->alloc_end - cx->alloc_top);
  cx->alloc_top = cx->alloc_end = 0;
}

void tb_marksweep_collect(struct tb_context *cx) {
  tb_marksweep_retire(cx);
  tb_marksweep_mark(cx);
  tb_marksweep_sweep(cx);
  TB_GC_AUDIT(cx);
}

/* Cuts `size` bytes, and an allocation buffer behind them, from the next hole that has them. */
static tb_ref tb_marksweep_cut(struct tb_context *cx, u32 size) {
  struct tb_store *store = tb_store_of(cx);
  for (tb_ref hole = store->gc_hole; hole;) {
    u8 *header = tb_marksweep_header(cx, hole);
    u32 bytes = tb_load_u32(header + 4), taken = bytes;
    tb_ref next = tb_load_u32(header + TB_HEADER);
    if (bytes >= size) {
      u32 wanted = TB_GC_STRESS || size > TB_BUFFER_BYTES ? size : TB_BUFFER_BYTES;
      if (bytes > wanted) {
        taken = wanted;
        tb_marksweep_hole(cx, hole + taken, bytes - taken);
        if (bytes - taken >= 16) {
          tb_store_u32(header + taken + TB_HEADER, next);
          next = hole + taken;
        }
      }
      tb_marksweep_retire(cx);
      store->gc_hole = next;
      __builtin_memset(header, 0, taken);
      cx->alloc_top = hole + size;
      cx->alloc_end = hole + taken;
      return hole;
    }
    store->gc_hole = hole = next;
  }
  return 0;
}

tb_ref tb_heap_exhausted(struct tb_context *cx, u32 size, u32 type) {
  (void)type;
  tb_ref at = TB_GC_STRESS ? 0 : tb_marksweep_cut(cx, size);
  if (!at) {
    tb_marksweep_collect(cx);
    at = tb_marksweep_cut(cx, size);
  }
  return at;
}

/* Bytes of the allocation buffer and of the holes that it can be cut from. */
u32 tb_marksweep_unused(struct tb_context *cx) {
  u32 bytes = cx->alloc_end - cx->alloc_top;
  for (tb_ref hole = tb_store_of(cx)->gc_hole; hole; hole = tb_load_u32(tb_object(cx, hole) + TB_HEADER))
    bytes += tb_object_length(cx, hole);
  return bytes;
}
