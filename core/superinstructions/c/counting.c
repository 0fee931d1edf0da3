/* Counts what register code executes, and writes it when the program ends (core/superinstructions/counted.py reads
 * it). Counters lie beside register code, in memory of their own. */
#include "tb_counting.h"
#include "tb_platform.h"
#include "tb_threaded.h"

enum { TB_COUNT_CALLS = 1 << 16 }; /* pairs of call and target that are told apart */
struct tb_count_call {
  u32 record, function;
  u64 count;
};

static u32 tb_count_records(struct tb_context *cx) { return tb_register_sizes(cx)[TB_REG_RECORDS] + TB_RECORDS_BEYOND; }

void tb_counting_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  u64 records = tb_count_records(cx);
  u8 *at = tb_platform_map(0, records * 18 + TB_COUNT_CALLS * sizeof(struct tb_count_call));
  store->count_executed = (u64 *)(void *)at;
  store->count_taken = store->count_executed + records;
  store->count_calls = store->count_taken + records;
  store->count_numbers = (u16 *)(void *)((u8 *)store->count_calls + TB_COUNT_CALLS * sizeof(struct tb_count_call));
}

/* Open addressing; what finds no place any more is not counted. */
void tb_count_call(struct tb_context *cx, u32 record, u32 function) {
  struct tb_count_call *calls = (struct tb_count_call *)(void *)tb_store_of(cx)->count_calls;
  u32 at = (record * 0x9e3779b1u ^ function * 0x85ebca6bu) >> 16;
  for (u32 tries = 0; tries < 64; tries++, at = (at + 1) % TB_COUNT_CALLS) {
    struct tb_count_call *call = &calls[at];
    if (!call->count) *call = (struct tb_count_call){record, function, 0};
    if (call->record == record && call->function == function) {
      call->count++;
      return;
    }
  }
}

static u32 tb_count_write(const void *from, u64 bytes) {
  const u8 *at = from;
  while (bytes) {
    long done = tb_platform_write(TB_PROFILE_TO, at, bytes);
    if (done < 0 && done != -4) return 0;
    if (done > 0) at += done, bytes -= (u64)done;
  }
  return 1;
}

void tb_counting_finish(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  const struct tb_threaded *t = TB_THREADED(cx);
  struct tb_count_call *calls = (struct tb_count_call *)(void *)store->count_calls;
  u32 count = 0;
  for (u32 i = 0; i < TB_COUNT_CALLS; i++)
    if (calls[i].count) calls[count++] = calls[i];
  struct {
    u8 magic[4];
    u32 records, starts, calls;
  } head = {{'T', 'B', 'P', 'C'}, t->used, t->functions, count};
  (void)(tb_count_write(&head, sizeof head) && tb_count_write(t->starts, (u64)t->functions * sizeof *t->starts) &&
         tb_count_write(store->count_numbers, (u64)t->used * 2) &&
         tb_count_write(store->count_executed, (u64)t->used * 8) &&
         tb_count_write(store->count_taken, (u64)t->used * 8) && tb_count_write(calls, count * sizeof *calls));
}
