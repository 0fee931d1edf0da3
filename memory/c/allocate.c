#include "tb_heap.h"

tb_ref tb_heap_allocate(struct tb_context *cx, u64 size, u32 type, u32 length) {
  size = TB_HEAP_ROUND(size);
  tb_ref at = cx->alloc_top;
  if (TB_UNLIKELY(size > cx->alloc_end - at)) {
    at = size > TB_HEAP_MAX ? 0 : tb_heap_exhausted(cx, (u32)size, type);
    if (!at) return 0;
  } else {
    cx->alloc_top = at + (u32)size;
  }
  u8 *object = tb_object(cx, at);
  tb_store_u32(object, type);
  tb_store_u32(object + 4, length);
  return at;
}
