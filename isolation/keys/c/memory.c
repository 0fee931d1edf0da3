/* Keys, and memory under them. */
#include "tb_keys_linux.h"
#include "tb_keys_record.h"

enum { TB_DENY_ACCESS = 1, TB_NO_RESERVE = 0x4000, TB_PRIVATE = 2, TB_ANONYMOUS = 0x20, TB_DONTNEED = 4 };

static u64 tb_keys_tags;

u32 tb_keys_shared;

void tb_keys_share(uint32_t keys) { __atomic_store_n(&tb_keys_shared, keys, __ATOMIC_RELEASE); }

void tb_keys_allow(void) {
  const u32 now = tb_keys_read(), keys = __atomic_load_n(&tb_keys_shared, __ATOMIC_ACQUIRE);
  u32 wanted = now;
  for (u32 key = 1; key < 16; key++)
    if (keys >> key & 1) wanted &= ~(3u << 2 * key);
  if (wanted != now) tb_keys_write(wanted);
}

long tb_keys_alloc(void) { return tb_linux_call(TB_NR_PKEY_ALLOC, 0, TB_DENY_ACCESS, 0, 0, 0, 0); }

/* Anywhere: from the addresses of a guest's memory nobody can tell where a library of the process is. */
long tb_keys_map(uint64_t bytes) {
  u64 hint = 0;
  if (tb_linux_call(TB_NR_GETRANDOM, (uptr)&hint, sizeof hint, 0, 0, 0, 0) != sizeof hint) hint = 0;
  return tb_linux_call(TB_NR_MMAP, hint & 0x3ffffffff000, bytes, 0, TB_PRIVATE | TB_ANONYMOUS | TB_NO_RESERVE, ~0ull, 0);
}

long tb_keys_tag(uint64_t address, uint64_t bytes, uint32_t access, uint32_t key) {
  __atomic_fetch_add(&tb_keys_tags, 1, __ATOMIC_RELAXED);
  return tb_linux_call(TB_NR_PKEY_MPROTECT, address, bytes, access, key, 0, 0);
}

uint64_t tb_keys_tagged(void) { return __atomic_load_n(&tb_keys_tags, __ATOMIC_RELAXED); }

long tb_keys_discard(uint64_t address, uint64_t bytes) {
  return tb_linux_call(TB_NR_MADVISE, address, bytes, TB_DONTNEED, 0, 0, 0);
}

long tb_keys_unmap(uint64_t address, uint64_t bytes) { return tb_linux_call(TB_NR_MUNMAP, address, bytes, 0, 0, 0, 0); }

long tb_keys_seal(uint64_t address, uint64_t bytes) { return tb_linux_call(TB_NR_MSEAL, address, bytes, 0, 0, 0, 0); }
