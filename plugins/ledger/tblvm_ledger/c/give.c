/* Library `ledger.give`: new arrays of bytes. */
#include "tb_heap.h"
#include "tb_ledger.h"

u32 tb_ledger_give(struct tb_context *cx, const cell *like, const u8 *content, u32 size, tb_ref *result) {
  u32 type = tb_object_type(cx, (tb_ref)*like);
  *result = tb_heap_allocate(cx, ((u64)size + TB_HEADER + 7) & ~(u64)7, type, size);
  if (!*result) return 1;
  __builtin_memcpy(tb_object(cx, *result) + TB_HEADER, content, size);
  return 0;
}
