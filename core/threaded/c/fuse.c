/* From numbers of variants to distances of handlers: sequences of them that have a handler get it. */
#include "tb_threaded.h"

static u32 tb_threaded_matches(const struct tb_record *record, const u16 *sequence, u32 left) {
  u32 length = *sequence++;
  if (length > left) return 0;
  for (u32 i = 0; i < length; i++)
    if (record[i].handler != sequence[i]) return 0;
  return length;
}

void tb_threaded_fuse(struct tb_record *records, u32 count) {
  for (u32 i = 0; i < count; i++) {
    u32 number = (u32)records[i].handler, found = number, longest = 0;
    if (TB_REG_SEQUENCES != 0 && number >= TB_REG_FIXED) {
      const u16 *sequence = tb_reg_sequences + tb_reg_sequences_at[number - TB_REG_FIXED];
      for (; *sequence && sequence[1] == number; sequence += *sequence + 2) {
        u32 length = tb_threaded_matches(records + i, sequence, count - i);
        if (length > longest) {
          longest = length;
          found = sequence[length + 1];
        }
      }
    }
    /* What follows keeps a handler of its own: a branch may go there. */
    records[i].handler = tb_threaded_handler(found);
  }
}
