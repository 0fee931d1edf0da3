/* Interface `host`: functions that programs import, and stores offer. */
#include "tb_native.h"
#include "tb_embed.h"

static u32 tb_embed_is(const char *text, const u8 *name, u32 bytes) {
  for (u32 i = 0; i < bytes; i++, text++)
    if (!*text || (u8)*text != name[i]) return 0;
  return !*text;
}

_Noreturn static void tb_embed_missing(struct tblvm_store *store, const struct tb_import *import, const char *signature, const char *why) {
  tb_embed_error(store, 0, "it imports ");
  tb_embed_say_name(store, import->module, import->module_bytes);
  tb_embed_error(store, 0, ".");
  tb_embed_say_name(store, import->name, import->name_bytes);
  tb_embed_error(store, 0, " (");
  tb_embed_error(store, 0, signature);
  tb_embed_error(store, 0, "): ");
  tb_embed_leave(store, tb_embed_error(store, TBLVM_EXCLUDED, why));
}

void tb_embed_bind(struct tb_context *cx) {
  struct tb_embedded *instance = tb_embedded(cx);
  u32 count = tb_exports(cx)[1];
  if (count) instance->bound = TB_MAP(cx, 0, (u64)count * sizeof *instance->bound);
  for (u32 i = 0; i < count; i++) {
    struct tb_import import = tb_host_import(cx, i);
    if (tb_embed_import(cx, i)->function) continue; /* no function */
    const char *signature = (const char *)tb_export_texts(cx) + tb_embed_import(cx, i)->signature;
    const struct tb_definition *each = instance->owner->definitions;
    while (each && !(tb_embed_is(each->module, import.module, import.module_bytes) && tb_embed_is(each->name, import.name, import.name_bytes)))
      each = each->next;
    u32 native = each ? 0 : TB_NATIVE(cx, i);
    if (native == TB_NATIVE_OTHER) tb_embed_missing(instance->owner, &import, signature, "the runtime offers it with other types");
    if (native) continue; /* nothing passes through slots */
    if (!each) tb_embed_missing(instance->owner, &import, signature, "the host offers no such function");
    if (!tb_embed_equal(each->signature, signature)) tb_embed_missing(instance->owner, &import, signature, "the host's function has other types");
    if (import.parameters > TBLVM_SLOTS || import.results > TBLVM_SLOTS) tb_embed_missing(instance->owner, &import, signature, "it has too many parameters or results");
    instance->bound[i] = each;
  }
}

u32 tb_host_call(struct tb_context *cx, u32 which) {
  struct tb_embedded *instance = tb_embedded(cx);
  const struct tb_definition *to = instance->bound[which];
  if (!to) return TB_NATIVE_CALL(cx, TB_NATIVE(cx, which));
  const struct tb_export *row = tb_embed_import(cx, which);
  const u32 *types = tb_exports(cx) + row->types;
  u32 parameters = row->counts & 0xffff, results = row->counts >> 16;
  tb_embed_shape(instance, types, parameters);
  for (u32 i = 0; i < parameters; i++) {
    instance->slots[i] = tb_embed_narrow(types[i], tb_host_arguments(cx)[i]);
    instance->held[i] = TB_TYPED_REFERENCE(types[i]) ? (tb_ref)instance->slots[i] : 0;
  }
  instance->host = row;
  int failed = to->function(instance->slots, (tblvm_context *)(void *)cx, to->user);
  instance->host = 0;
  failed |= !tb_embed_fits(instance, types + parameters, results);
  for (u32 i = 0; i < results && !failed; i++)
    tb_host_results(cx)[i] = (cell)tb_embed_narrow(types[parameters + i], instance->slots[i]);
  tb_embed_shape(instance, 0, 0);
  return failed != 0;
}
