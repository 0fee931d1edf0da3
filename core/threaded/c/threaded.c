/* Register code and the rest of the runtime: memory, entry, where a program stands. */
#include "tb_threaded.h"
#include "tb_platform.h"

enum { TB_REG_FIRST = 2 };

void tb_threaded_start(struct tb_context *cx) {
  const u32 *sizes = tb_register_sizes(cx);
  u64 functions = (u64)sizes[TB_REG_FUNCTIONS] + TB_FUNCTIONS_BEYOND, records = sizes[TB_REG_RECORDS] + TB_RECORDS_BEYOND;
  u64 bytes = tb_threaded_bytes(functions, records, sizes[TB_REG_LONGEST], sizes[TB_REG_DEEPEST]);
  u8 *at = TB_MEMORY_REGISTERS(cx, 0, bytes);
  if (!at) TB_FAIL(cx, "no memory for register code");
  struct tb_threaded *t = tb_store_of(cx)->threaded = (struct tb_threaded *)(void *)at;
  at += (sizeof *t + 15) & ~(u64)15;
  t->records = tb_store_of(cx)->records = (struct tb_record *)(void *)at;
  at += records * sizeof *t->records;
  t->places = (struct tb_record_place *)(void *)at;
  at += records * sizeof *t->places;
  t->starts = (struct tb_record_start *)(void *)at;
  at += functions * sizeof *t->starts;
  t->entries = (u32 *)(void *)at;
  at += functions * 4;
  t->scratch = at + (-(uptr)at & 7u);
  t->used = TB_REG_FIRST;
  t->functions = 0;
  t->records[1].handler = tb_threaded_handler(TB_REG_EXIT);
}

/* The function that a record is of: the last one that starts before it. */
static u32 tb_threaded_function(const struct tb_threaded *t, u32 record) {
  u32 low = 0, high = t->functions;
  while (low < high) {
    u32 middle = (low + high) / 2;
    if (t->starts[middle].record <= record)
      low = middle + 1;
    else
      high = middle;
  }
  return t->starts[low - 1].function;
}

struct tb_place tb_threaded_here(struct tb_context *cx) {
  struct tb_threaded *t = TB_THREADED(cx);
  u64 offset = (u64)((uptr)cx->ip - (uptr)t->records);
  u32 record = (u32)(offset / sizeof *t->records);
  if (offset >= (u64)t->used * sizeof *t->records || !t->functions) return (struct tb_place){cx->fp, tb_functions(cx), 0}; /* it has not run */
  return (struct tb_place){cx->fp, &tb_functions(cx)[tb_threaded_function(t, record)], t->places[record].pc};
}

/* link->pc is the distance in bytes of the record that made the call. */
u32 tb_threaded_caller(struct tb_context *cx, struct tb_place *place, const struct tb_link *link) {
  struct tb_threaded *t = TB_THREADED(cx);
  u32 record = link->pc / (u32)sizeof *t->records;
  place->pc = TB_PC_HOST;
  if (!record) return 0;
  place->pc = t->places[record].pc;
  place->function = &tb_functions(cx)[tb_threaded_function(t, record)];
  place->fp -= t->records[record].u[0];
  return 1;
}

s64 tb_threaded_fuel(struct tb_context *cx, const struct tb_record *ip, s64 fuel) {
  struct tb_threaded *t = TB_THREADED(cx);
  return fuel + tb_register_sizes(cx)[TB_REG_LONGEST] - t->places[ip - t->records].count;
}

s64 tb_threaded_count(struct tb_context *cx, const struct tb_record *ip, s64 fuel) {
  struct tb_threaded *t = TB_THREADED(cx);
  return fuel - tb_register_sizes(cx)[TB_REG_LONGEST] + t->places[ip - t->records].count;
}

u32 tb_threaded_stop(struct tb_context *cx, cell *fp, const struct tb_record *ip, s64 fuel, u32 kind) {
  (void)fuel;
  cx->fp = fp;
  cx->ip = (const u8 *)ip;
  TB_THREADED_FUEL(cx, tb_threaded_fuel(cx, ip, fuel));
  return kind;
}

u32 tb_threaded_spent(struct tb_context *cx, const struct tb_record *ip, s64 fuel) {
  return tb_threaded_fuel(cx, ip, fuel) < 0;
}

void tb_threaded_link(struct tb_context *cx, const struct tb_record *ip) {
  struct tb_record *record = TB_THREADED(cx)->records + (ip - TB_THREADED(cx)->records);
  const u8 *to = (const u8 *)tb_threaded_entry(cx, (u32)ip->imm >> 1);
  record->imm = (s32)(to - (const u8 *)ip);
  record->handler = tb_threaded_handler(TB_REG_CALL);
}

u32 tb_run(struct tb_context *cx, u32 entry);
u32 tb_run(struct tb_context *cx, u32 entry) {
  const struct tb_function *function = &tb_functions(cx)[entry];
  const struct tb_record *ip = tb_threaded_entry(cx, entry);
  cell *fp = TB_RUN_BASE(cx);
  tb_frame_link(fp, function)->pc = 0;
  cx->cells_left -= function->cells;
  cx->fp = fp;
  cx->sp = fp;
  s64 fuel = TB_THREADED_LEFT(cx) - tb_register_sizes(cx)[TB_REG_LONGEST];
  u32 trap = tb_threaded_go(cx, fp, ip, fuel);
  /* The exit is where a function comes back to; HALT leaves nothing. */
  if (cx->sp != fp) cx->sp = fp + function->results;
  return trap;
}
