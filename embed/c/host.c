/* Interface `host`: functions that programs import, and stores offer. */
#include "tb_native.h"
#include "tb_embed.h"

_Noreturn static void tb_embed_missing(struct tblvm_store *store, const struct tb_import *import, const char *signature, const char *why) {
  tb_embed_error(store, 0, "it imports ");
  tb_embed_say_name(store, import->module, import->module_bytes);
  tb_embed_error(store, 0, ".");
  tb_embed_say_name(store, import->name, import->name_bytes);
  tb_embed_error(store, 0, *signature ? " (" : "");
  tb_embed_error(store, 0, signature);
  tb_embed_error(store, 0, *signature ? "): " : ": ");
  tb_embed_leave(store, tb_embed_error(store, TB_LINKS && why == tb_links_busy ? TBLVM_BUSY : TBLVM_UNLINKED, why));
}

void tb_embed_bind(struct tb_context *cx) {
  struct tb_embedded *instance = tb_embedded(cx);
  u32 count = tb_exports(cx)[1];
  if (TB_LINKS) tb_links_make_room(cx);
  if (count) instance->bound = TB_MAP(cx, 0, (u64)count * sizeof *instance->bound);
  for (u32 i = 0; i < count; i++) {
    struct tb_import import = tb_host_import(cx, i);
    u32 kind = tb_embed_import(cx, i)->function;
    const char *signature = kind ? "" : (const char *)tb_export_texts(cx) + tb_embed_import(cx, i)->signature;
    const struct tb_definition *each = tb_embed_find(instance->owner, import.module, import.module_bytes, import.name, import.name_bytes);
    if (kind || (each && each->from)) {
      const char *why = TB_LINKS ? tb_links_bind(cx, i, each) : "this runtime shares nothing";
      if (why) tb_embed_missing(instance->owner, &import, signature, why);
      continue;
    }
    u32 native = each ? 0 : TB_NATIVE(cx, i);
    if (native == TB_NATIVE_OTHER) tb_embed_missing(instance->owner, &import, signature, "the runtime offers it with other types");
    if (native) continue; /* nothing passes through slots */
    if (!each) tb_embed_missing(instance->owner, &import, signature, "the host offers no such function");
    if (!tb_embed_equal(each->signature, signature)) tb_embed_missing(instance->owner, &import, signature, "the host's function has other types");
    if (import.parameters > TBLVM_SLOTS || import.results > TBLVM_SLOTS) tb_embed_missing(instance->owner, &import, signature, "it has too many parameters or results");
    instance->bound[i].function = each->function;
    instance->bound[i].user = each->user;
  }
}

u32 tb_host_call(struct tb_context *cx, u32 which) {
  struct tb_embedded *instance = tb_embedded(cx);
  instance->passed = 0;
  if (TB_LINKS && tb_links_is_foreign(cx, which)) return tb_links_foreign_call(cx);
  const struct tb_binding *to = &instance->bound[which];
  if (TB_LINKS && to->from) return tb_links_bound_call(cx, to, tb_embed_import(cx, which));
  if (!to->function) return TB_NATIVE_CALL(cx, TB_NATIVE(cx, which));
  const struct tb_export *row = tb_embed_import(cx, which);
  const u32 *types = tb_exports(cx) + row->types;
  u32 parameters = row->counts & 0xffff, results = row->counts >> 16;
  tb_embed_shape(instance, types, parameters);
  for (u32 i = 0; i < parameters; i++) {
    instance->slots[i] = tb_embed_narrow(types[i], tb_host_arguments(cx)[i]);
    instance->held[i] = TB_TYPED_REFERENCE(types[i]) ? (tb_ref)instance->slots[i] : 0;
  }
  if (TB_LINKS) tb_links_globals(cx, 0);
  instance->host = row;
  int failed = to->function(instance->slots, (tblvm_context *)(void *)cx, to->user);
  instance->host = 0;
  if (TB_LINKS) tb_links_globals(cx, 1);
  failed |= !tb_embed_fits(instance, types + parameters, results);
  for (u32 i = 0; i < results && !failed; i++)
    tb_host_results(cx)[i] = (cell)tb_embed_narrow(types[parameters + i], instance->slots[i]);
  tb_embed_shape(instance, 0, 0);
  return failed != 0;
}
