/* The heap cage: one region that references are offsets into. String constants come first; they are
 * immortal. A reference has 32 bits, so the cage and what opcodes add to a reference stay below 8 GiB;
 * bounds are checked before any access. */
#include "tb_heap.h"
#include "tb_platform.h"

void tb_cage_start(struct tb_context *cx) {
  u32 start = 8 + TB_STRINGS_BYTES(cx);
  u8 *cage = TB_MEMORY_CAGE(cx, TB_CAGE_ADDRESS, 8 + (u64)TB_STRINGS_BYTES(cx) + TB_HEAP_BYTES);
  TB_CAGE_KEEP(cx, cage);
  if (TB_STRINGS_BYTES(cx)) __builtin_memcpy(cage + 8, tb_strings(cx), TB_STRINGS_BYTES(cx));
  tb_store_of(cx)->heap_start = start;
  tb_store_of(cx)->heap_end = start + (TB_HEAP_BYTES & ~7u);
}
