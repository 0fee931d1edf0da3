/* From numbers of variants to distances of handlers. A sequence that has a handler gets it in its first record; the others
 * keep their own, because a branch may go there. Of all ways to cover the code, each record has the one with the fewest
 * handlers from there on: found backwards, by what the records behind it have (dynamic programming). */
#include "tb_threaded.h"

/* While this runs, a record's handler is its variant's number, and above that the number of what it gets. */
enum { TB_FUSE_BITS = 16, TB_FUSE_WINDOW = 8 };
_Static_assert(TB_REG_LONGEST_SEQUENCE < TB_FUSE_WINDOW, "the costs behind a record that are remembered");

static u32 tb_fuse_number(const struct tb_record *record) { return (u32)record->handler & 0xffff; }

static TB_UNUSED u32 tb_fuse_matches(const struct tb_record *record, const u16 *sequence, u32 left) {
  u32 length = *sequence++;
  if (length > left) return 0;
  for (u32 i = 0; i < length; i++)
    if (tb_fuse_number(record + i) != sequence[i]) return 0;
  return length;
}

void tb_threaded_fuse(struct tb_context *cx, struct tb_record *records, u32 count) {
  (void)cx;
  u32 costs[TB_FUSE_WINDOW] = {0}; /* of records, by their number in the window: handlers from there on */
  for (u32 i = count; i-- > 0;) {
    u32 number = (u32)records[i].handler, found = number, least = costs[(i + 1) % TB_FUSE_WINDOW];
#ifdef TB_COUNTING
    tb_count_is(cx, (u32)(records + i - TB_THREADED(cx)->records), number);
#endif
#if TB_REG_SEQUENCES
    u32 longest = 1;
    const u16 *sequence = tb_reg_sequences + tb_reg_sequences_at[number];
    for (; *sequence && sequence[1] == number; sequence += *sequence + 2) {
      u32 length = tb_fuse_matches(records + i, sequence, count - i), cost = costs[(i + length) % TB_FUSE_WINDOW];
      if (length && (cost < least || (cost == least && length > longest))) {
        least = cost;
        longest = length;
        found = sequence[length + 1];
      }
    }
#endif
    costs[i % TB_FUSE_WINDOW] = least + 1;
    records[i].handler = (s32)(number | found << TB_FUSE_BITS);
  }
  for (u32 i = 0; i < count; i++) records[i].handler = tb_threaded_handler((u32)records[i].handler >> TB_FUSE_BITS);
}
