/* Interface `linear-memory`: byte-addressed memories.
 *
 * Table linear_memories, u32: how many there are, then for each the least and the most pages of 64 KiB.
 * Table linear_data, u32: how many data segments there are, then for each
 *     memory, or TB_LINEAR_PASSIVE; offset in it; where its bytes start in linear_bytes; how many they are
 *
 * A memory has the addresses for all that it can ever be from the start, and stays where it is. How it comes by them,
 * and what of them can be used, is interface `linear-bounds`, whose header tb_linear_bounds.h has
 *     tb_linear_span(most)        how many bytes of addresses a memory takes that can have `most` bytes
 *     tb_linear_rooms(cx, bytes)  so many bytes of addresses for the memories of a store, which they share out
 *     tb_linear_map(bytes)        addresses of the same kind for a memory apart from all stores; null where the system has
 *                                 none (also for 0 bytes); tb_platform_unmap gives them back
 *     tb_linear_use(at, bytes)    the first `bytes` of a memory can be used from now on, those that are new as zeros;
 *                                 what could be used before stays as it is; 0 where `at` is null that must not be, or the
 *                                 system gives no memory: TB_LINEAR_REFUSED says what is missing then */
#ifndef TB_LINEAR_H
#define TB_LINEAR_H
#include "tb.h"
#include "tb_linear_bounds.h"

#define TB_LINEAR_PASSIVE 0xffffffffu

/* Whether there is one memory for one program: what is known of it need not be looked up. */
#define TB_LINEAR_ALONE (TB_LINEAR_SINGLE && !TB_INDIRECT)

/* Bytes that the memory has now. */
static inline TB_UNUSED u64 tb_memory_bytes(struct tb_context *cx, u32 memory) {
  if (TB_LINEAR_ALONE && !TB_LINEAR_GROWS) return (u64)TB_LINEAR_PAGES << 16;
  return tb_store_of(cx)->memory_bytes[memory];
}
/* The memory's first byte. */
static inline TB_UNUSED u8 *tb_memory_at(struct tb_context *cx, u32 memory) {
  if (TB_LINEAR_ALONE && TB_LINEAR_IS_ARRAY) return TB_MEMORY_LINEAR(cx, 0, 0);
  return tb_store_of(cx)->memory_at[memory];
}
/* Whether `count` bytes from `at` on are in the memory. */
static inline TB_UNUSED u32 tb_memory_holds(struct tb_context *cx, u32 memory, u32 at, u32 count) {
  return (u64)at + count <= tb_memory_bytes(cx, memory);
}
/* The memory has so many pages from now on, no fewer than before and no more than it can reach. 0, and nothing has
 * changed, where the system gives no memory. Where a memory belongs to several stores, each must be told. */
static inline TB_UNUSED u32 tb_memory_resize(struct tb_context *cx, u32 memory, u32 pages) {
  u64 bytes = (u64)pages << 16;
  if (!tb_linear_use(tb_memory_at(cx, memory), bytes)) return 0;
  tb_store_of(cx)->memory_bytes[memory] = bytes;
  return 1;
}

#endif
