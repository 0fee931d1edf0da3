/* Library `ledger.hash`. */
#include "tb_ledger.h"

u32 tb_ledger_digest(struct tb_context *cx, cell *data, tb_ref *result) {
  u8 digest[TB_LEDGER_HASH];
  struct tb_ledger_sha256 hash;
  tb_ledger_sha256_start(&hash);
  tb_ledger_sha256_add(&hash, tb_ledger_bytes(cx, (tb_ref)*data), tb_object_length(cx, (tb_ref)*data));
  tb_ledger_sha256_end(&hash, digest);
  return tb_ledger_give(cx, data, digest, sizeof digest, result);
}
