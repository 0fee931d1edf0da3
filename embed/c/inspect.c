/* What an instance has, and what happened to it. */
#include "tb_embed.h"

static const struct tb_export *tb_embed_row(struct tb_context *cx, u32 row) {
  return (const struct tb_export *)(const void *)(tb_exports(cx) + 4) + row;
}

u32 tb_embed_function(struct tb_context *cx, u32 number) {
  return number & TB_EMBED_BY_INDEX ? number & ~TB_EMBED_BY_INDEX : tb_embed_row(cx, number)->function;
}

const struct tb_export *tb_embed_export(struct tb_context *cx, u32 number) {
  const u32 *table = tb_exports(cx);
  if (number < table[0]) return tb_embed_row(cx, number);
  u32 index = number & ~TB_EMBED_BY_INDEX;
  return TB_LINKS && index != number && index < tb_links_functions(cx) ? tb_embed_type(cx, tb_links_function_type(cx, index)) : 0;
}

const struct tb_export *tb_embed_import(struct tb_context *cx, u32 number) {
  return tb_embed_row(cx, tb_exports(cx)[0] + number);
}

const struct tb_export *tb_embed_type(struct tb_context *cx, u32 type) {
  return tb_embed_row(cx, tb_exports(cx)[0] + tb_exports(cx)[1] + type);
}

/* The context, null when it was closed: then its tables are gone. */
static struct tb_context *tb_embed_open(tblvm_context *context) {
  struct tb_context *cx = tb_embed_context(context);
  return __atomic_load_n(&tb_embedded(cx)->closed, __ATOMIC_ACQUIRE) ? 0 : cx;
}

static const char *tb_embed_text(struct tb_context *cx, u32 at) { return (const char *)tb_export_texts(cx) + at; }

uint32_t tblvm_functions(tblvm_context *context) {
  struct tb_context *cx = tb_embed_open(context);
  return cx ? *tb_exports(cx) : 0;
}

const char *tblvm_function_name(tblvm_context *context, uint32_t function) {
  struct tb_context *cx = tb_embed_open(context);
  return cx && function < *tb_exports(cx) ? tb_embed_text(cx, tb_embed_row(cx, function)->name) : 0;
}

const char *tb_embed_signature(struct tb_context *cx, u32 function) {
  const struct tb_export *row = tb_embed_export(cx, function);
  return row ? tb_embed_text(cx, row->signature) : 0;
}

const char *tblvm_signature(tblvm_context *context, uint32_t function) {
  struct tb_context *cx = tb_embed_open(context);
  return cx ? tb_embed_signature(cx, function) : 0;
}

static u32 tb_embed_is_named(struct tb_context *cx, const struct tb_export *row, const char *name, u32 end) {
  const char *one = tb_embed_text(cx, row->name);
  return tb_embed_equal(one, name) && one + tb_embed_length(one) + 1 == tb_embed_text(cx, end);
}

int64_t tblvm_export(tblvm_context *context, const char *name, int *kind) {
  struct tb_context *cx = tb_embed_open(context);
  int64_t function = tblvm_function(context, name);
  *kind = TBLVM_FUNCTION;
  if (!cx || function >= 0) return function;
  const u32 *table = tb_exports(cx);
  for (u32 i = 0; i < table[3]; i++) {
    const struct tb_export *row = tb_embed_row(cx, table[0] + table[1] + table[2] + i);
    if (!tb_embed_is_named(cx, row, name, row->types)) continue;
    *kind = (int)row->signature;
    return row->function;
  }
  return -1;
}

int64_t tblvm_function(tblvm_context *context, const char *name) {
  struct tb_context *cx = tb_embed_open(context);
  u32 count = tblvm_functions(context);
  for (u32 i = 0; i < count; i++) {
    const struct tb_export *row = tb_embed_export(cx, i);
    /* The signature is behind the name: one with a zero in it ends later, and is no other. */
    if (tb_embed_is_named(cx, row, name, row->signature)) return i;
  }
  return -1;
}

struct tblvm_trap tblvm_trap(tblvm_context *context) {
  struct tblvm_trap trap = {0, 0, 0};
  u32 kind = tb_embedded(tb_embed_context(context))->trap;
  if (!kind) return trap;
  const struct tb_trap_row *row = &tb_trap_rows[kind - 1];
  trap.name = row->name;
  trap.message = row->message;
  trap.status = row->status;
  return trap;
}

int tblvm_frame(tblvm_context *context, uint32_t depth, struct tblvm_frame *frame) {
  struct tb_context *cx = tb_embed_open(context);
  if (!cx || !tb_embedded(cx)->stopped) return 0;
  for (u32 i = 0; i < tb_embedded(cx)->stopped; i++) {
    const struct tb_piece *piece = &tb_embedded(cx)->trace[i];
    struct tb_context *in = &piece->in->it.context;
    struct tb_place place = piece->place;
    do {
      if (depth--) continue;
      frame->line = TB_TRACE_LOOK(in, &place, &frame->function);
      frame->file = TB_TRACE_FILE(in);
      return 1;
    } while (tb_frame_caller(in, &place));
  }
  return 0;
}

int tblvm_nested(tblvm_context *context) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  return tb_embed_mine(instance) && instance->depth && instance->host;
}

int64_t tblvm_fuel(tblvm_context *context) { return tb_embed_context(context)->fuel; }

int tblvm_set_fuel(tblvm_context *context, int64_t fuel) {
  struct tb_context *cx = tb_embed_context(context);
  int refused = tb_embed_take(tb_embedded(cx));
  if (refused) return refused;
  cx->fuel = fuel;
  tb_embed_give(tb_embedded(cx));
  return TBLVM_OK;
}

void *tblvm_memory(tblvm_context *context, uint32_t memory, uint64_t *bytes) {
  struct tb_context *cx = tb_embed_open(context);
  return cx ? TB_LINEAR_LOOK(cx, memory, bytes) : 0;
}
