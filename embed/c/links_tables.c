/* Tables that several instances have: each a copy, with its own numbers of functions. */
#include "tb_links.h"

void tb_links_make_room(struct tb_context *cx) {
  struct tb_links *links = cx->links;
  if (!links->trampolines) return;
  u64 rows = (u64)links->functions + TB_LINKS_FOREIGN;
  struct tb_function *functions = TB_MAP(cx, 0, rows * sizeof *functions);
  u32 *types = TB_MAP(cx, 0, rows * sizeof *types);
  for (u32 i = 0; i < links->functions; i++) {
    functions[i] = tb_functions(cx)[i];
    types[i] = tb_function_types(cx)[i];
  }
  tb_store_of(cx)->image.functions = (const void *)functions;
  tb_store_of(cx)->image.function_types = types;
  links->origins = TB_MAP(cx, 0, TB_LINKS_FOREIGN * sizeof *links->origins);
  links->hash = TB_MAP(cx, 0, TB_LINKS_HASH * sizeof *links->hash);
}

struct tb_origin tb_links_function(struct tb_embedded *instance, u32 element) {
  struct tb_links *links = tb_links_of(instance);
  if (element <= links->functions) return (struct tb_origin){instance, element - 1};
  return links->origins[element - 1 - links->functions];
}

/* The number of the function type that is equal to that of a function of another instance, TB_LINKS_NO_TYPE for none. */
static u32 tb_links_type(struct tb_context *cx, struct tb_origin function) {
  struct tb_context *other = tb_links_context(function.in);
  const char *wanted = tb_embed_signature(other, TB_EMBED_BY_INDEX | function.index);
  u32 types = tb_exports(cx)[2];
  for (u32 type = 0; type < types; type++)
    if (cx->links->trampolines[type] && tb_embed_equal(wanted, (const char *)tb_export_texts(cx) + tb_embed_type(cx, type)->signature)) return type;
  return TB_LINKS_NO_TYPE;
}

u32 tb_links_local(struct tb_embedded *instance, struct tb_origin function) {
  struct tb_links *links = tb_links_of(instance);
  struct tb_context *cx = tb_links_context(instance);
  if (function.in == instance) return function.index + 1;
  u64 number = (u64)(uptr)function.in * 0x9e3779b97f4a7c15ull + function.index;
  u32 place = (u32)((number * 0x9e3779b97f4a7c15ull) >> 47);
  for (; links->hash[place]; place = (place + 1) & (TB_LINKS_HASH - 1)) {
    u32 which = links->hash[place] - 1;
    if (links->origins[which].in == function.in && links->origins[which].index == function.index) return links->functions + which + 1;
  }
  u32 which = links->foreign, type = which == TB_LINKS_FOREIGN - 1 ? TB_LINKS_NO_TYPE : tb_links_type(cx, function);
  u32 row = links->functions + which;
  /* The tables are ours: see tb_links_make_room. */
  struct tb_function *functions = (struct tb_function *)(uptr)tb_functions(cx);
  u32 *types = (u32 *)(uptr)tb_function_types(cx);
  types[row] = type;
  if (type != TB_LINKS_NO_TYPE) {
    const struct tb_export *like = tb_embed_type(cx, type);
    u16 parameters = (u16)like->counts, results = (u16)(like->counts >> 16);
    functions[row] = (struct tb_function){links->trampolines[type], parameters, results, results, (u16)(parameters + 2 * results + TB_FRAME_COST)};
  }
  if (which == TB_LINKS_FOREIGN - 1) return row + 1; /* one too many: none of them can be called */
  tb_links_hold(instance, function.in);
  links->origins[which] = function;
  links->hash[place] = which + 1;
  links->foreign++;
  return row + 1;
}

void tb_links_mirror(struct tb_embedded *instance, u32 table, struct tb_origin origin) {
  struct tb_context *cx = tb_links_context(instance), *other = tb_links_context(origin.in);
  u32 size = tb_table_size(other, origin.index), left = tb_store_of(other)->table_elements_left;
  u32 most = tb_table_sizes(other)[2 + 2 * origin.index];
  if (most - size > left) most = size + left;
  tb_store_of(cx)->table_at[table] = most ? TB_MAP(cx, 0, (u64)most * 4) : 0;
  tb_store_of(cx)->table_size[table] = size;
  cx->shares = other->shares = 1;
  for (u32 i = 0; i < size; i++) {
    u32 element = tb_table_at(other, origin.index)[i];
    tb_table_at(cx, table)[i] = element ? tb_links_local(instance, tb_links_function(origin.in, element)) : 0;
  }
}

/* For each copy of the table but this one: its instance, and which of its tables it is. */
static void tb_links_spread(struct tb_context *cx, u32 table, u32 index, u32 count, u32 grown) {
  struct tb_embedded *writer = tb_embedded(cx);
  struct tb_origin origin = tb_links_origin(writer, TBLVM_TABLE, table);
  for (struct tb_embedded *each = writer->owner->first_shared; each; each = each->next_shared) {
    struct tb_context *to = tb_links_context(each);
    u32 tables = *tb_table_sizes(to);
    for (u32 i = 0; i < tables; i++) {
      struct tb_origin its = tb_links_origin(each, TBLVM_TABLE, i);
      if (its.in != origin.in || its.index != origin.index || (each == writer && i == table)) continue;
      if (grown) tb_store_of(to)->table_size[i] = tb_table_size(cx, table);
      for (u32 at = index; at < index + count; at++) {
        u32 element = tb_table_at(cx, table)[at];
        tb_table_at(to, i)[at] = element ? tb_links_local(each, tb_links_function(writer, element)) : 0;
      }
    }
  }
}

void tb_links_table_wrote(struct tb_context *cx, u32 table, u32 index, u32 count) {
  tb_links_spread(cx, table, index, count, 0);
}

void tb_links_table_owner(struct tb_context **cx, u32 *table, u32 *value) {
  struct tb_embedded *from = tb_embedded(*cx);
  struct tb_origin origin = tb_links_origin(from, TBLVM_TABLE, *table);
  if (origin.in != from && *value) *value = tb_links_local(origin.in, tb_links_function(from, *value));
  *cx = tb_links_context(origin.in);
  *table = origin.index;
}

void tb_links_table_grew(struct tb_context *cx, u32 table, u32 before) {
  tb_links_spread(cx, table, before, tb_table_size(cx, table) - before, 1);
}
