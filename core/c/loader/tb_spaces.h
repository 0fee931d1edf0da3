/* What loading memories and tables has in common: their tables are like the sections of the file. */
#ifndef TB_SPACES_H
#define TB_SPACES_H
#include "tb_module.h"

/* A copy of a section of sizes, behind their number. */
static inline TB_UNUSED u32 *tb_load_sizes(struct tb_module *module, u32 section, u32 count) {
  u32 *sizes = tb_module_keep(module, 4 + 8 * (u64)count);
  sizes[0] = count;
  for (u32 i = 0; i < 2 * count; i++) sizes[1 + i] = tb_module_word(module, section, i);
  return sizes;
}

/* What they start with together; a runtime has room for so many. */
static inline TB_UNUSED u64 tb_least(const u32 *sizes) {
  u64 total = 0;
  for (u32 i = 0; i < sizes[0]; i++) total += sizes[1 + 2 * i];
  return total;
}

#endif
