/* Strings and arrays between host and program. */
#include "tb_embed.h"
#include "tb_heap.h"


int tblvm_prepare(tblvm_context *context, uint32_t function) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int refused = tb_embed_enter(instance);
  if (refused) return refused;
  u32 gives = function == TBLVM_RESULTS;
  const struct tb_export *row = gives ? instance->host : tb_embed_export(cx, function);
  u32 parameters = row ? row->counts & 0xffff : ~0u, count = row && gives ? row->counts >> 16 : parameters;
  if (count <= TBLVM_SLOTS) {
    tb_embed_shape(instance, tb_exports(cx) + row->types + (gives ? parameters : 0), count);
    for (u32 i = 0; i < count; i++) instance->slots[i] = 0;
    instance->stopped = 0;
  }
  tb_embed_give(instance);
  return count <= TBLVM_SLOTS ? TBLVM_OK : TBLVM_MISUSED;
}

/* The type word of a slot, 0 for none. */
static u32 tb_embed_slot(const struct tb_embedded *instance, u32 slot) {
  return slot < instance->shape_count ? instance->shape[slot] : 0;
}

/* Bytes of an element, as a power of two, of a type code of numbers. */
static u32 tb_embed_log(u32 element) {
  static const u8 logs[16] = {TB_EMBED_LOGS};
  return logs[element & 15];
}

/* A new object in the slot, whose elements are to be filled; null where there is no room. */
static u8 *tb_embed_new(struct tb_embedded *instance, u32 slot, u32 type, u64 count, u32 log) {
  struct tb_context *cx = &instance->it.context;
  instance->held[slot] = 0;
  instance->slots[slot] = 0;
  if (count > TB_HEAP_MAX) return 0;
  tb_ref at = tb_heap_allocate(cx, (TB_HEADER + (count << log) + 7) & ~7ull, type, (u32)count);
  if (!at) return 0;
  instance->slots[slot] = at;
  instance->held[slot] = at;
  return tb_object(cx, at) + TB_HEADER;
}

int tblvm_put_string(tblvm_context *context, uint32_t slot, const void *units, size_t count, int wide) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  int status = tb_embed_enter(instance);
  if (status) return status;
  const u8 *from = units;
  u32 all = 0;
  for (u64 i = 0; wide && i < count; i++) all |= tb_load_u16(from + 2 * i);
  u32 log = all > 0xff; /* strings are as narrow as they can be */
  status = TBLVM_MISUSED;
  if (TB_TYPED_CODE(tb_embed_slot(instance, slot)) == TB_TYPE_LATIN1) {
    u8 *to = tb_embed_new(instance, slot, log ? TB_TYPE_UTF16 : TB_TYPE_LATIN1, count, log);
    status = to ? TBLVM_OK : TBLVM_TOO_LARGE;
    if (to && (log || !wide) && count)
      __builtin_memcpy(to, from, count << log);
    else
      for (u64 i = 0; to && i < count; i++) to[i] = (u8)tb_load_u16(from + 2 * i);
  }
  tb_embed_give(instance);
  return status;
}

int tblvm_put_array(tblvm_context *context, uint32_t slot, const void *elements, size_t count) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  int status = tb_embed_enter(instance);
  if (status) return status;
  u32 word = tb_embed_slot(instance, slot), element = TB_TYPED_ELEMENT(word);
  status = TBLVM_MISUSED;
  if (element) {
    u32 log = tb_embed_log(element);
    u8 *to = tb_embed_new(instance, slot, TB_TYPED_CODE(word), count, log);
    status = to ? TBLVM_OK : TBLVM_TOO_LARGE;
    if (to && count) __builtin_memcpy(to, elements, count << log);
  }
  tb_embed_give(instance);
  return status;
}

/* The object in a slot, null for none; the instance was not closed. */
static u8 *tb_embed_held(struct tb_embedded *instance, u32 slot) {
  struct tb_context *cx = &instance->it.context;
  if (__atomic_load_n(&instance->closed, __ATOMIC_ACQUIRE)) return 0;
  if (slot >= instance->shape_count || !instance->held[slot] || instance->slots[slot] != instance->held[slot]) return 0;
  return tb_object(cx, instance->held[slot]);
}

const void *tblvm_string(tblvm_context *context, uint32_t slot, size_t *count, int *wide) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  const u8 *object = tb_embed_held(instance, slot);
  if (!object || TB_TYPED_CODE(instance->shape[slot]) != TB_TYPE_LATIN1) return 0;
  *wide = (tb_load_u32(object) & TB_TYPE_MASK) == TB_TYPE_UTF16;
  *count = tb_load_u32(object + 4);
  return object + TB_HEADER;
}

void *tblvm_array(tblvm_context *context, uint32_t slot, size_t *count) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  u8 *object = tb_embed_held(instance, slot);
  if (!object || !TB_TYPED_ELEMENT(instance->shape[slot])) return 0;
  *count = tb_load_u32(object + 4);
  return object + TB_HEADER;
}
