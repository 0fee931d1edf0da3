/* The tables of linear memories of a module that was loaded: memory/linear_tables.py in C. */
#include "tb_linear.h"
#include "tb_spaces.h"

void tb_linear_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  const u32 *sizes = tb_load_sizes(module, TB_SECTION_MEMORIES, module->memories);
  TB_SET_TABLE(linear_memories, sizes);
  if (module->memories > TB_MEMORIES || tb_least(sizes) > TB_LINEAR_BYTES >> 16)
    tb_refuse(module, TB_TOO_LARGE, "it needs more linear memory than this runtime has: build one with -O linear");
  const u8 *at = module->section[TB_SECTION_DATA].at;
  u32 *rows = tb_module_keep(module, 4 + 16 * (u64)module->data_segments), *row = rows;
  u8 *bytes = tb_module_keep(module, module->section[TB_SECTION_DATA].size);
  u32 used = 0;
  TB_SET_TABLE(linear_data, rows);
  TB_SET_TABLE(linear_bytes, bytes);
  *row++ = module->data_segments;
  for (u32 left = module->data_segments; left; left--, row += 4) {
    u32 size = tb_load_u32(at + 8);
    row[0] = tb_load_u32(at);
    row[1] = tb_load_u32(at + 4);
    row[2] = used;
    row[3] = size;
    if (size) __builtin_memcpy(bytes + used, at + TB_SEGMENT_ROW, size);
    used += size;
    at += TB_SEGMENT_ROW + (((u64)size + 3) & ~3ull);
  }
}
