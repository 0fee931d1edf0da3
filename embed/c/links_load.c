/* What sharing needs to know of a module that is loaded. */
#include "tb_links.h"
#include "tb_module.h"
#include "tb_rt.h"

/* Before the code is linked: globals that are the same thing have the same number. */
void tb_links_before(struct tb_context *cx, struct tb_module *module) {
  struct tb_links *links = TB_MAP(cx, 0, sizeof *links);
  struct tblvm_store *store = tb_embedded(cx)->owner;
  const struct tb_area *section = &module->section[TB_SECTION_IMPORTS];
  const u8 *at = section->at;
  cx->links = links;
  links->functions = module->functions;
  links->import = module->imports;
  links->globals_count = module->globals;
  for (u32 kind = 0; kind < TB_EXPORT_KINDS; kind++) links->given[kind] = module->imported[kind];
  u32 given = links->given[TB_EXPORT_GLOBAL], seen = 0;
  links->aliases = tb_module_keep(module, (u64)given * 4);
  links->globals = tb_module_keep(module, (u64)given * sizeof *links->globals);
  for (u32 i = 0; i < module->imports; i++) {
    struct tb_import_row row = tb_module_import(&at, section->at + section->size);
    if (row.kind != TB_EXPORT_GLOBAL) continue;
    const struct tb_definition *found = tb_embed_find(store, row.module.at, row.module.size, row.name.at, row.name.size);
    links->globals[seen] = (struct tb_origin){0, 0};
    if (found && found->from && found->kind == TBLVM_GLOBAL) links->globals[seen] = tb_links_origin(found->from, TBLVM_GLOBAL, found->index);
    links->aliases[seen] = seen;
    for (u32 other = seen; other-- && links->globals[seen].in;)
      if (links->globals[other].in == links->globals[seen].in && links->globals[other].index == links->globals[seen].index)
        links->aliases[seen] = other;
    seen++;
  }
  module->aliases = links->aliases;
  module->aliased = given;
}

/* A LEB128 number of resolved code. */
static void tb_links_put(struct tb_module *module, const u8 *handler, u32 bytes, u32 number) {
  for (u32 i = 0; i < bytes; i++) tb_module_put(module, handler[i]);
  tb_module_put_number(module, number);
}

/* Code for functions of this type that other instances have: HOST, a LOAD of each result, RET. */
static u32 tb_links_trampoline(struct tb_module *module, struct tb_type_row type) {
  u32 offset = (u32)(module->low - module->code.at);
  tb_links_put(module, tb_links_host, tb_links_host_bytes, module->imports);
  for (u32 i = 0; i < type.b; i++) tb_links_put(module, tb_links_load, tb_links_load_bytes, type.a + TB_LINK + i);
  for (u32 i = 0; i < tb_links_ret_bytes; i++) tb_module_put(module, tb_links_ret[i]);
  return offset;
}

static u32 tb_links_passes(const struct tb_module *module, struct tb_type_row type) {
  if (type.kind != TB_KIND_FUNCTION || (u64)type.a + 2 * (u64)type.b > TB_MAX_FRAME) return 0;
  for (u32 i = 0; i < type.a + type.b; i++)
    if (tb_module_word(module, TB_SECTION_TYPE_LIST, type.first + i) > TB_LINKS_NUMBERS) return 0;
  return 1;
}

/* Whether others may have one of its tables. */
static u32 tb_links_has_tables(const struct tb_module *module) {
  const struct tb_area *section = &module->section[TB_SECTION_EXPORTS];
  const u8 *at = section->at, *end = at + section->size;
  s32 number = 0;
  u32 found = module->imported[TB_EXPORT_TABLE];
  while (at < end && !found) {
    tb_module_leb(&at, end, TB_LEB_UNSIGNED, &number);
    at += number;
    tb_module_leb(&at, end, TB_LEB_UNSIGNED, &number);
    found = number == TB_EXPORT_TABLE;
    tb_module_leb(&at, end, TB_LEB_UNSIGNED, &number);
  }
  return found;
}

void tb_links_load_module(struct tb_context *cx, struct tb_module *module) {
  struct tb_links *links = cx->links;
  u32 *types = tb_module_keep(module, (u64)module->globals * 4);
  for (u32 i = 0; i < module->globals; i++) types[i] = tb_module_word(module, TB_SECTION_GLOBALS, i);
  for (u32 i = 0; i < module->section[TB_SECTION_FIXED].size / 4; i++) types[tb_module_word(module, TB_SECTION_FIXED, i)] |= 1u << 31;
  links->global_types = types;
  if (links->given[TB_EXPORT_MEMORY] > TB_MEMORIES || links->given[TB_EXPORT_TABLE] > TB_TABLES)
    tb_refuse(module, TB_TOO_LARGE, "it imports more memories or tables than this runtime takes");
  if (!tb_links_has_tables(module)) return;
  links->trampolines = tb_module_keep(module, (u64)module->types * 4);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row type = tb_module_type(module, i);
    links->trampolines[i] = module->canonical[i] == i && tb_links_passes(module, type) ? tb_links_trampoline(module, type) : 0;
  }
}
