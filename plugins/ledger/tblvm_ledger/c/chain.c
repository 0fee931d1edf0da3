/* Library `ledger.chain`. */
#include "tb_ledger.h"

u32 tb_ledger_append(struct tb_context *cx, cell *block, tb_ref *result) {
  u8 *head = tb_store_of(cx)->ledger_head;
  *result = 0;
  if (TB_LEDGER_OPEN(cx)) return 2;
  struct tb_ledger_sha256 hash;
  tb_ledger_sha256_start(&hash);
  tb_ledger_sha256_add(&hash, head, TB_LEDGER_HASH);
  tb_ledger_sha256_add(&hash, tb_ledger_bytes(cx, (tb_ref)*block), tb_object_length(cx, (tb_ref)*block));
  tb_ledger_sha256_end(&hash, head);
  return tb_ledger_give(cx, block, head, TB_LEDGER_HASH, result);
}
