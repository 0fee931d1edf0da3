/* Library `ledger.merkle`: RFC 6962, section 2.1. Leaves come from the left; what waits is the root of a full tree for
 * each bit of their number, the largest first, as a counter in binary carries. */
#include "tb_ledger.h"

/* The hash of a byte *kind* and *count* others. */
static void tb_ledger_node(u8 kind, const u8 *from, u32 count, u8 *digest) {
  struct tb_ledger_sha256 hash;
  tb_ledger_sha256_start(&hash);
  tb_ledger_sha256_add(&hash, &kind, 1);
  tb_ledger_sha256_add(&hash, from, count);
  tb_ledger_sha256_end(&hash, digest);
}

u32 tb_ledger_merkle(struct tb_context *cx, cell *entries, cell *ends, tb_ref *result) {
  u8 waiting[33 * TB_LEDGER_HASH]; /* fewer leaves than 2^32, and the one that comes */
  const u8 *content = tb_ledger_bytes(cx, (tb_ref)*entries), *end_at = tb_ledger_bytes(cx, (tb_ref)*ends);
  u32 size = tb_object_length(cx, (tb_ref)*entries), leaves = tb_object_length(cx, (tb_ref)*ends);
  u8 *top = waiting; /* behind the last hash that waits */
  u32 begin = 0;
  for (u32 i = 0; i < leaves; i++) {
    u32 end = tb_load_u32(end_at + 4 * (u64)i);
    if (end < begin || end > size) return 2;
    tb_ledger_node(0, content + begin, end - begin, top);
    begin = end;
    for (u32 full = i; full & 1; full >>= 1) { /* two trees of the same size become one */
      top -= TB_LEDGER_HASH;
      tb_ledger_node(1, top, 2 * TB_LEDGER_HASH, top);
    }
    top += TB_LEDGER_HASH;
  }
  if (!leaves) {
    struct tb_ledger_sha256 hash;
    tb_ledger_sha256_start(&hash);
    tb_ledger_sha256_end(&hash, waiting);
    top += TB_LEDGER_HASH;
  }
  while (top - waiting > TB_LEDGER_HASH) { /* what is left, from the right */
    top -= TB_LEDGER_HASH;
    tb_ledger_node(1, top - TB_LEDGER_HASH, 2 * TB_LEDGER_HASH, top - TB_LEDGER_HASH);
  }
  return tb_ledger_give(cx, entries, waiting, TB_LEDGER_HASH, result);
}
