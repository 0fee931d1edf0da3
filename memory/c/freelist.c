/* Allocator `freelist`: FREE gives a block back to the list of its size class; blocks are never split nor
 * joined, so a block stays where it is and as large as it is for ever.
 *
 * That makes a dangling reference harmless to the host: it always names the start of a block whose header
 * is valid. While the block is free its length is 0, so every access is out of bounds; later it is another
 * object of cells, no longer than the block. Only objects of cells are given back, and only these take the
 * blocks again: an object of another type has a length that counts something else, and references. The price:
 * memory freed in one class is not used for another, nor for other types. Fresh memory is used up first.
 * (Type-stable memory: Greenwald and Cheriton, OSDI 1996.)
 *
 *     size classes      16 24 32 48 64 96 128 ...        powers of two, and one between each
 *     free block        | FREE | length 0 | next free block of its class | ... | */
#include "tb_heap.h"

static u32 tb_freelist_class(u32 size) {
  u32 bits = 31 - (u32)__builtin_clz(size);
  return 2 * bits + (size >> (bits - 1) & 1);
}

u32 tb_freelist_round(u64 size) {
  if (size <= 16) return 16;
  if (size > TB_HEAP_MAX) return TB_HEAP_MAX + 8;
  u32 low = 1u << (31 - (u32)__builtin_clz((u32)size - 1)); /* low < size <= 2 * low */
  u32 middle = low + low / 2;
  return (u32)size <= middle ? middle : 2 * low;
}

void tb_freelist_start(struct tb_context *cx) {
  cx->alloc_top = tb_store_of(cx)->heap_start;
  cx->alloc_end = tb_store_of(cx)->heap_end;
}

tb_ref tb_heap_exhausted(struct tb_context *cx, u32 size, u32 type) {
  if (type != TB_TYPE_CELLS) return 0;
  u32 *list = &tb_store_of(cx)->free_blocks[tb_freelist_class(size)];
  tb_ref block = *list;
  if (block) {
    u8 *object = tb_object(cx, block);
    *list = tb_load_u32(object + TB_HEADER);
    __builtin_memset(object, 0, size);
  }
  return block;
}

/* Bytes that no object takes; those of a block are there for its size class only. */
u32 tb_freelist_unused(struct tb_context *cx) {
  u32 bytes = cx->alloc_end - cx->alloc_top;
  for (u32 class = 0; class < 64; class++) {
    u32 low = 1u << (class / 2 & 31), size = low + (class & 1) * (low / 2);
    for (tb_ref at = tb_store_of(cx)->free_blocks[class]; at; at = tb_load_u32(tb_object(cx, at) + TB_HEADER))
      bytes += size;
  }
  return bytes;
}

/* Service: 1 (BAD_FREE) when the object is free already; null is ignored. */
u32 tb_freelist_free(struct tb_context *cx, tb_ref reference) {
  if (!reference) return 0;
  u8 *object = tb_object(cx, reference);
  if (tb_object_type(cx, reference) == TB_TYPE_FREE) return 1;
  u32 size = tb_freelist_round(TB_HEADER + (((u64)tb_object_length(cx, reference) * 4 + 7) & ~7ull));
  u32 *list = &tb_store_of(cx)->free_blocks[tb_freelist_class(size)];
  tb_store_u64(object, TB_TYPE_FREE);
  tb_store_u32(object + TB_HEADER, *list);
  *list = reference;
  return 0;
}
