/* The tables of tb_threaded.h for a module that was loaded: core/threaded/tables.py in C. */
#include "tb_module.h"
#include "tb_threaded.h"

/* Records that a function's code takes, at most. */
static u64 tb_load_records(const struct tb_module *module, const u8 *at, const u8 *end) {
  u64 records = 2;
  u32 numbers[TB_REG_MOST_NUMBERS];
  while (at < end) {
    const u8 *start = at;
    const struct tb_reg_form *form = tb_threaded_decode(&at, numbers);
    records += form->most;
    if (form->kind != TB_REG_KIND_TABLE) continue;
    const u32 *row = module->branches + numbers[form->target];
    records += (u64)*row + 1;
    at = start + tb_threaded_table_bytes(form, row);
  }
  return records;
}

/* Shapes that say that something is on the operand stack; how many there are. */
static u32 tb_load_shapes(struct tb_module *module) {
  u32 words = module->section[TB_SECTION_SHAPES].size / 4, count = 0;
  for (u32 at = 0; at < words; at += 3 + tb_module_word(module, TB_SECTION_SHAPES, at + 2)) {
    if (!tb_module_word(module, TB_SECTION_SHAPES, at + 2)) continue;
    for (u32 i = 0; i < 3; i++) tb_module_put_word(module, tb_module_word(module, TB_SECTION_SHAPES, at + i));
    count++;
  }
  return count;
}

void tb_threaded_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u64 records = 2;
  u32 longest = 0, deepest = 0;
  for (u32 i = 0; i < module->functions; i++) {
    struct tb_function_row row = tb_module_function(module, i);
    const u8 *at = module->code.at + row.code;
    records += tb_load_records(module, at, at + row.size);
    if (row.size > longest) longest = row.size;
    if (row.max_stack > deepest) deepest = row.max_stack;
  }
  u32 *types = tb_module_keep(module, (u64)module->types * 4);
  TB_SET_TABLE(register_types, types);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    types[i] = row.kind == TB_KIND_FUNCTION ? row.a | row.b << 16 : 0;
    if (TB_FUNCTIONS_BEYOND == 0 || row.kind != TB_KIND_FUNCTION) continue;
    /* Code that asks the host, and returns what it gave. */
    records += 16 + 2 * (u64)row.b;
    if (longest < 32 + 8 * row.b) longest = 32 + 8 * row.b;
    if (deepest < row.b) deepest = row.b;
  }
  u64 bytes = tb_threaded_bytes((u64)module->functions + TB_FUNCTIONS_BEYOND, records + TB_RECORDS_BEYOND, longest, deepest);
  if (records > 0x7ffffff || bytes > TB_REGISTERS_BYTES)
    tb_refuse(module, TB_TOO_LARGE, TB_LIMITS ? "its register code needs more memory than the limit: set a larger registers"
                                              : "its register code needs more memory than this runtime gives it: build one with -O registers");
  u32 *sizes = tb_module_keep(module, TB_REG_SIZES * 4);
  TB_SET_TABLE(register_sizes, sizes);
  sizes[TB_REG_FUNCTIONS] = module->functions;
  sizes[TB_REG_RECORDS] = (u32)records;
  sizes[TB_REG_LONGEST] = longest;
  sizes[TB_REG_DEEPEST] = deepest;
  sizes[TB_REG_SHAPES] = tb_load_shapes(module);
#if TB_METHOD_RESULTS
  TB_SET_TABLE(register_results, module->results);
  TB_SET_TABLE(register_results_at, module->results_at);
#else
  TB_SET_TABLE(register_results, sizes);
  TB_SET_TABLE(register_results_at, sizes);
#endif
}
