/* Rows that lie over each other where they have no entry in the same place: `displaced` in memory/tables.py. */
#include "tb_classes.h"

enum { TB_DISPLACE_TRIES = 16 };

void tb_displace_begin(struct tb_module *module, struct tb_displaced *matrix) {
  *matrix = (struct tb_displaced){tb_module_keep(module, 0), 0, 0, 0, 0};
}

/* Makes the array longer; what is new has no entries. */
static void tb_displace_extend(struct tb_module *module, struct tb_displaced *matrix, u64 length) {
  if (length > matrix->room) {
    u64 more = (length - matrix->room + 1) & ~1ull; /* what is kept is aligned to 8 */
    __builtin_memset(tb_module_keep(module, more * 4), 0xff, more * 4);
    matrix->room += (u32)more;
  }
  if (length > matrix->length) matrix->length = (u32)length;
}

static u32 tb_displace_fits(const struct tb_displaced *matrix, const struct tb_entry_at *row, u32 count, u64 start) {
  for (u32 i = 0; i < count; i++) {
    u64 at = start + row[i].column;
    if (at < matrix->length && matrix->table[at] != TB_NONE) return 0;
  }
  return 1;
}

u32 tb_displace(struct tb_module *module, struct tb_displaced *matrix, const struct tb_entry_at *row, u32 count) {
  if (!count) return 0;
  u32 low = row[0].column, high = low;
  for (u32 i = 1; i < count; i++) {
    if (row[i].column < low) low = row[i].column;
    if (row[i].column > high) high = row[i].column;
  }
  u32 at = matrix->taken > low ? matrix->taken : low, tries = TB_DISPLACE_TRIES;
  for (; tries && !tb_displace_fits(matrix, row, count, at - low); tries--) at++;
  if (!tries) at = matrix->length > low ? matrix->length : low;
  u32 start = at - low;
  tb_displace_extend(module, matrix, (u64)start + high + 1);
  for (u32 i = 0; i < count; i++) matrix->table[start + row[i].column] = row[i].value;
  while (matrix->taken < matrix->length && matrix->table[matrix->taken] != TB_NONE) matrix->taken++;
  if (start > matrix->last) matrix->last = start;
  return start;
}

void tb_displace_end(struct tb_module *module, struct tb_displaced *matrix, u32 columns) {
  tb_displace_extend(module, matrix, (u64)matrix->last + columns);
}
