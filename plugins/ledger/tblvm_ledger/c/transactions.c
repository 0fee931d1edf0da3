/* Library `ledger.transactions`: a journal of what records were before they changed. */
#include "tb_ledger_state.h"

/* Keeps what a record was, while a transaction is open; 1 where the journal is full. */
u32 tb_ledger_keep(struct tb_context *cx, const struct tb_ledger_record *before) {
  struct tb_store *store = tb_store_of(cx);
  if (!store->ledger_depth) return 0;
  if (store->ledger_journaled == TB_LEDGER_JOURNAL) return 1;
  store->ledger_journal[store->ledger_journaled++] = *before;
  return 0;
}

u32 tb_ledger_begin(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  if (store->ledger_depth == TB_LEDGER_DEPTH) return 1;
  store->ledger_marks[store->ledger_depth++] = store->ledger_journaled;
  return 0;
}

u32 tb_ledger_commit(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  if (!store->ledger_depth) return 1;
  if (!--store->ledger_depth) store->ledger_journaled = 0;
  return 0;
}

u32 tb_ledger_revert(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  if (!store->ledger_depth) return 1;
  u32 mark = store->ledger_marks[--store->ledger_depth];
  while (store->ledger_journaled > mark) tb_ledger_put(cx, &store->ledger_journal[--store->ledger_journaled]);
  return 0;
}
