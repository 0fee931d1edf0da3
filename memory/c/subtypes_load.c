/* Table `subtypes` of a module that was loaded: memory/tables.py in C. */
#include "tb_classes.h"

/* Numbers of what no module declares; those of a module's types follow. */
enum { TB_NUMBER_CELLS = 1, TB_NUMBER_LATIN1, TB_NUMBER_UTF16, TB_NUMBER_MODULE };

void tb_subtypes_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32(*rows)[2] = tb_module_keep(module, ((u64)TB_TYPE_MODULE + module->types) * sizeof *rows);
  TB_SET_TABLE(subtypes, rows);
  __builtin_memset(rows, 0, TB_TYPE_MODULE * sizeof *rows);
  rows[TB_ANY][0] = rows[TB_TYPE_CELLS][0] = TB_NUMBER_CELLS;
  rows[TB_ANY][1] = TB_NUMBER_UTF16 + module->hierarchy->numbers;
  rows[TB_TYPE_CELLS][1] = rows[TB_TYPE_UTF16][1] = 1;
  rows[TB_TYPE_LATIN1][0] = TB_NUMBER_LATIN1;
  rows[TB_TYPE_LATIN1][1] = 2; /* a string is of either kind */
  rows[TB_TYPE_UTF16][0] = TB_NUMBER_UTF16;
  for (u32 i = 0; i < module->types; i++) {
    const struct tb_kin *kin = tb_module_kin(module, i);
    rows[TB_TYPE_MODULE + i][0] = kin->count ? TB_NUMBER_MODULE + kin->first : 0;
    rows[TB_TYPE_MODULE + i][1] = kin->count;
  }
}
