/* What the tables of imports say. */
#include "tb_host.h"
#include "tb_rt.h"

struct tb_import tb_host_import(struct tb_context *cx, u32 which) {
  const u8 *at = tb_imports(cx) + tb_import_rows(cx)[1 + which];
  struct tb_import found;
  found.module_bytes = tb_rt_number(&at);
  found.module = at;
  at += found.module_bytes;
  found.name_bytes = tb_rt_number(&at);
  found.name = at;
  at += found.name_bytes;
  found.parameters = tb_rt_number(&at);
  found.parameter_codes = at;
  for (u32 left = found.parameters; left; left--) tb_rt_number(&at);
  found.results = tb_rt_number(&at);
  found.result_codes = at;
  return found;
}
