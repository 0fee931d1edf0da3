/* Interface `linear-memory`: byte-addressed memories.
 *
 * Table linear_memories, u32: how many there are, then for each the least and the most pages of 64 KiB.
 * Table linear_data, u32: how many data segments there are, then for each
 *     memory, or TB_LINEAR_PASSIVE; offset in it; where its bytes start in linear_bytes; how many they are */
#ifndef TB_LINEAR_H
#define TB_LINEAR_H
#include "tb.h"

#define TB_LINEAR_PASSIVE 0xffffffffu

/* Bytes that the memory has now. */
static inline TB_UNUSED u64 tb_memory_bytes(struct tb_context *cx, u32 memory) {
  return tb_store_of(cx)->memory_bytes[memory];
}
/* The memory's first byte; it stays where it is until an opcode that moves linear memory. */
static inline TB_UNUSED u8 *tb_memory_at(struct tb_context *cx, u32 memory) {
  return tb_store_of(cx)->memory_at[memory];
}
/* Whether `count` bytes from `at` on are in the memory. */
static inline TB_UNUSED u32 tb_memory_holds(struct tb_context *cx, u32 memory, u32 at, u32 count) {
  return (u64)at + count <= tb_memory_bytes(cx, memory);
}

#endif
