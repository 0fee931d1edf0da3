/* Programs of the bundle, by name. */
#include "tb_instances.h"

static u32 tb_scripts_is(struct tb_context *cx, tb_ref string, const char *name) {
  if (tb_object_type(cx, string) != TB_TYPE_LATIN1) return 0; /* no name has other letters */
  u32 length = tb_object_length(cx, string);
  const u8 *text = tb_object(cx, string) + TB_HEADER;
  for (u32 i = 0; i < length; i++)
    if (!name[i] || (u8)name[i] != text[i]) return 0;
  return !name[length];
}

u32 tb_scripts_exec(struct tb_context *cx, cell *name, u32 *result);
u32 tb_scripts_exec(struct tb_context *cx, cell *name, u32 *result) {
  tb_ref string = (tb_ref)*name;
  *result = 0;
  for (u32 i = 1; string && i < TB_PROGRAMS; i++) {
    if (!tb_scripts_is(cx, string, tb_programs[i].name)) continue;
    if (cx->script_depth == TB_SCRIPTS_DEPTH) return 2;
    *result = tb_instances_run(cx, &tb_programs[i].image);
    return 0;
  }
  return 1;
}

void tb_scripts_start(struct tb_context *cx) { cx->script_depth = 0; }
void tb_scripts_enter(struct tb_context *inner, struct tb_context *outer) {
  inner->script_depth = outer->script_depth + 1;
}
