/* What every runtime reads of a program: functions, constants. Libraries make their own tables when they are asked
 * to (tb_load). */
#include "tb_frame.h"
#include "tb_module.h"

static void tb_functions_table(struct tb_module *module) {
  struct tb_function *rows = tb_module_keep(module, (u64)module->functions * sizeof *rows);
  TB_SET_TABLE(functions, rows);
  for (u32 i = 0; i < module->functions; i++) {
    struct tb_function_row row = tb_module_function(module, i);
    struct tb_type_row type = tb_module_type(module, row.type);
    u32 cells = type.a + row.locals + row.max_stack + TB_FRAME_COST;
    rows[i] = (struct tb_function){row.code, (u16)type.a, (u16)type.b, (u16)row.locals, (u16)cells};
  }
}

/* The pool: for each constant its cell; and the immortal string objects that some of them name. */
static void tb_constants_table(struct tb_module *module) {
  cell *cells = tb_module_keep(module, (u64)module->constants * sizeof *cells);
  TB_SET_TABLE(pool, cells);
  tb_module_keep(module, 0);
  u8 *strings = module->low;
  TB_SET_TABLE(strings, strings);
  const u8 *data = module->data.at;
  for (u32 i = 0; i < module->constants; i++) {
    u32 kind = tb_load_u32(module->pool.at + 8 * (u64)i);
    cells[i] = tb_load_u32(module->pool.at + 8 * (u64)i + 4);
    if (kind <= TB_POOL_F32) continue;
    if (kind <= TB_POOL_F64) {
      cells[i] = (cell)tb_load_u64(data);
      data += 8;
      continue;
    }
    u32 length = tb_load_u32(data);
    u64 bytes = (u64)length << (kind == TB_POOL_UTF16), whole = (bytes + 7) & ~7ull;
    u8 *object = tb_module_keep(module, TB_HEADER + whole);
    cells[i] = TB_HEADER + (cell)(object - strings); /* offset 0 of the cage is null */
    tb_store_u32(object, kind == TB_POOL_LATIN1 ? TB_TYPE_LATIN1 : TB_TYPE_UTF16);
    tb_store_u32(object + 4, length);
    __builtin_memcpy(object + TB_HEADER, data + 4, bytes);
    __builtin_memset(object + TB_HEADER + bytes, 0, whole - bytes);
    data += 4 + ((bytes + 3) & ~3ull);
  }
  module->image->strings_bytes = (u32)(module->low - strings);
}

void tb_module_tables(struct tb_context *cx, struct tb_module *module) {
  module->image->entry = module->entry;
  module->image->start = module->start;
  module->image->entry_results = tb_module_type(module, tb_module_function(module, module->entry).type).b;
  TB_SET_TABLE(code, module->code.at);
  tb_functions_table(module);
  tb_constants_table(module);
  tb_load(cx, module);
}
