/* Memory beyond what the module starts with. It grows and never shrinks; what was mapped last can be given back, and
 * is then there for the next. */
#include "tb_wasi.h"

enum { TB_WASI_PAGE = 65536 };

static u64 tb_wasi_top; /* the end of what is taken; 0 before anything is */

static u64 tb_wasi_whole(u64 bytes) { return (bytes + TB_WASI_PAGE - 1) / TB_WASI_PAGE * TB_WASI_PAGE; }

void *tb_platform_try_map(void *address, u64 bytes) {
  u64 end = (u64)__builtin_wasm_memory_size(0) * TB_WASI_PAGE;
  if (!tb_wasi_top) tb_wasi_top = end;
  if (address || bytes > 0xffffffffu) return 0;
  u64 at = tb_wasi_top, top = at + tb_wasi_whole(bytes);
  if (top > end && __builtin_wasm_memory_grow(0, (u32)((top - end) / TB_WASI_PAGE)) == (uptr)-1) return 0;
  void *found = (void *)(uptr)at;
  /* Nobody has used what lies behind the old end. */
  if (at < end) __builtin_memset(found, 0, (uptr)((top < end ? top : end) - at));
  tb_wasi_top = top;
  return found;
}

void *tb_platform_map(void *address, u64 bytes) {
  static const char message[] = "tblvm: the system gives no memory\n";
  void *at = tb_platform_try_map(address, bytes);
  if (!at) tb_platform_fail(message, sizeof message - 1);
  return at;
}

void tb_platform_unmap(void *address, u64 bytes) {
  if ((uptr)address + tb_wasi_whole(bytes) == tb_wasi_top) tb_wasi_top = (uptr)address;
}
