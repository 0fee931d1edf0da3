/* Library `ledger.state`. */
#include "tb_ledger_state.h"

static void tb_ledger_copy(u8 *to, const u8 *from, u32 size) { __builtin_memcpy(to, from, size); }

/* The record of a key, the one behind all where it has none. */
static struct tb_ledger_record *tb_ledger_find(struct tb_context *cx, const u8 *key, u32 size) {
  struct tb_store *store = tb_store_of(cx);
  struct tb_ledger_record *record = store->ledger_records, *end = record + store->ledger_count;
  for (; record != end; record++) {
    u32 same = record->key_size == size;
    for (u32 i = 0; same && i < size; i++) same = record->key[i] == key[i];
    if (same) break;
  }
  return record;
}

void tb_ledger_put(struct tb_context *cx, const struct tb_ledger_record *record) {
  struct tb_store *store = tb_store_of(cx);
  struct tb_ledger_record *found = tb_ledger_find(cx, record->key, record->key_size);
  struct tb_ledger_record *end = store->ledger_records + store->ledger_count;
  if (record->value_size != TB_LEDGER_ABSENT) {
    store->ledger_count += found == end;
    *found = *record;
  } else if (found != end) { /* the last one takes its place */
    store->ledger_count--;
    *found = end[-1];
  }
}

u32 tb_ledger_read(struct tb_context *cx, cell *key, tb_ref *result) {
  u32 size = tb_object_length(cx, (tb_ref)*key);
  *result = 0;
  if (size > TB_LEDGER_KEY) return 2;
  struct tb_store *store = tb_store_of(cx);
  const struct tb_ledger_record *found = tb_ledger_find(cx, tb_ledger_bytes(cx, (tb_ref)*key), size);
  if (found == store->ledger_records + store->ledger_count) return 0;
  return tb_ledger_give(cx, key, found->value, found->value_size, result);
}

u32 tb_ledger_write(struct tb_context *cx, tb_ref key, tb_ref value) {
  struct tb_store *store = tb_store_of(cx);
  u32 key_size = tb_object_length(cx, key), value_size = value ? tb_object_length(cx, value) : TB_LEDGER_ABSENT;
  if (key_size > TB_LEDGER_KEY) return 1;
  if (value && value_size > TB_LEDGER_VALUE) return 2;
  struct tb_ledger_record record;
  const struct tb_ledger_record *found = tb_ledger_find(cx, tb_ledger_bytes(cx, key), key_size);
  if (found != store->ledger_records + store->ledger_count) {
    record = *found;
  } else {
    if (!value) return 0;
    if (store->ledger_count == TB_LEDGER_ENTRIES) return 3;
    record.key_size = (u16)key_size;
    record.value_size = TB_LEDGER_ABSENT;
    tb_ledger_copy(record.key, tb_ledger_bytes(cx, key), key_size);
  }
  if (TB_LEDGER_KEEP(cx, &record)) return 4;
  record.value_size = (u16)value_size;
  if (value) tb_ledger_copy(record.value, tb_ledger_bytes(cx, value), value_size);
  tb_ledger_put(cx, &record);
  return 0;
}
