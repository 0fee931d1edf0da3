/* Library `ledger.gas`. */
#include "tb.h"

u32 tb_ledger_charge(struct tb_context *cx, u32 amount) {
  u64 *used = &tb_store_of(cx)->ledger_gas;
  if (amount > (u64)TB_LEDGER_GAS - *used) return 1;
  *used += amount;
  return 0;
}
