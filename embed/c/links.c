/* Sharing: who gives what to whom, and how long it lives. */
#include "tb_links.h"
#include "tb_host.h"
#include "tb_platform.h"
#include "tb_thread.h"

u32 tb_links_lock(struct tblvm_store *store) {
  u64 me = tb_thread(store->threads), nobody = 0;
  struct tb_embed_lock *lock = &store->shared;
  if (__atomic_load_n(&lock->thread, __ATOMIC_RELAXED) != me &&
      !__atomic_compare_exchange_n(&lock->thread, &nobody, me, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return 0;
  lock->count++;
  return 1;
}

void tb_links_unlock(struct tblvm_store *store) {
  if (!--store->shared.count) __atomic_store_n(&store->shared.thread, 0, __ATOMIC_RELEASE);
}

u32 tb_links_join(struct tb_embedded *instance) {
  struct tblvm_store *store = instance->owner;
  u64 me = tb_thread(store->threads), nobody = 0;
  if (instance->lock == &store->shared) return 1;
  if (__atomic_load_n(&instance->own.thread, __ATOMIC_RELAXED) != me &&
      !__atomic_compare_exchange_n(&instance->own.thread, &nobody, me, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return 0;
  /* What runs in it now gives the store's lock back. */
  store->shared.count += instance->own.count;
  instance->own.count = 0;
  __atomic_store_n(&instance->lock, &store->shared, __ATOMIC_RELEASE);
  __atomic_store_n(&instance->own.thread, 0, __ATOMIC_RELEASE);
  instance->next_shared = store->first_shared;
  store->first_shared = instance;
  return 1;
}

void tb_links_hold(struct tb_embedded *instance, struct tb_embedded *of) {
  struct tb_links *links = tb_links_of(instance);
  if (of == instance) return;
  for (struct tb_hold *each = links->holds; each; each = each->next)
    if (each->of == of) return;
  struct tb_hold *made = TB_MAP(tb_links_context(instance), 0, sizeof *made);
  *made = (struct tb_hold){of, links->holds};
  links->holds = made;
  of->holders++;
}

struct tb_origin tb_links_origin(struct tb_embedded *instance, u32 kind, u32 index) {
  struct tb_links *links = tb_links_of(instance);
  if (index < links->given[kind]) {
    if (kind == TBLVM_MEMORY) return links->memories[index];
    if (kind == TBLVM_TABLE) return links->tables[index];
    if (kind == TBLVM_GLOBAL) return links->globals[index];
  }
  return (struct tb_origin){instance, index};
}

/* The instance has its memory no longer: what it needed may go too. */
void tb_links_release(struct tb_embedded *instance) {
  struct tb_links *links = tb_links_of(instance);
  struct tblvm_store *store = instance->owner;
  if (!links) return;
  struct tb_hold *holds = store->ending ? 0 : links->holds;
  instance->it.context.links = 0;
  instance->it.context.shares = 0;
  for (struct tb_embedded **at = &store->first_shared; *at; at = &(*at)->next_shared) {
    if (*at != instance) continue;
    *at = instance->next_shared;
    break;
  }
  for (; holds; holds = holds->next)
    if (!--holds->of->holders && holds->of->closed) tb_embed_empty(holds->of);
}

/* --- binding ------------------------------------------------------------------------------------------------------ */

static u32 tb_links_has(struct tb_embedded *instance, u32 kind, u32 index) {
  struct tb_context *cx = tb_links_context(instance);
  if (kind == TBLVM_FUNCTION) return tb_embed_export(cx, index) != 0;
  if (kind == TBLVM_TABLE) return index < *tb_table_sizes(cx);
  if (kind == TBLVM_MEMORY) return index < *tb_linear_memories(cx);
  return kind == TBLVM_GLOBAL && index < tb_links_of(instance)->globals_count;
}

int tblvm_store_link(tblvm_store *store, const char *module, const char *name, tblvm_context *from, int kind, uint32_t index) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(from));
  tb_embed_clear(store);
  if (instance->owner != store || instance->closed) return tb_embed_error(store, TBLVM_MISUSED, "the instance is closed, or another store's");
  if (!tb_links_has(instance, (u32)kind, index))
    return tb_embed_error(store, TBLVM_MISUSED, "the instance has no such thing");
  const char *signature = kind == TBLVM_FUNCTION ? tblvm_signature(from, index) : "";
  struct tb_definition *made = tb_embed_define(store, module, name, signature);
  if (!made) return TBLVM_TOO_LARGE;
  made->from = instance;
  made->kind = (u32)kind;
  made->index = index;
  return TBLVM_OK;
}

static u32 tb_links_is_numbers(const char *signature) {
  for (; *signature; signature++)
    if (*signature != 'i' && *signature != 'l' && *signature != 'f' && *signature != 'd' && *signature != '>') return 0;
  return 1;
}

/* Sizes: least, most; what there is must be as large, and must not get larger. */
static const char *tb_links_limits(u32 size, u32 most, const u32 *wanted, u32 unlimited) {
  if (size < wanted[0]) return "the one that there is, is too small";
  return wanted[1] != unlimited && most > wanted[1] ? "the one that there is can become too large" : 0;
}

static const char *tb_links_bind_memory(struct tb_context *cx, u32 index, struct tb_origin origin) {
  struct tb_context *other = tb_links_context(origin.in);
  u64 bytes = tb_memory_bytes(other, origin.index);
  const char *why = tb_links_limits((u32)(bytes >> 16), tb_linear_memories(other)[2 + 2 * origin.index], tb_linear_memories(cx) + 1 + 2 * index, 0x10000);
  if (why) return why;
  cx->links->memories[index] = origin;
  tb_store_of(cx)->memory_at[index] = tb_memory_at(other, origin.index);
  tb_store_of(cx)->memory_bytes[index] = bytes;
  return 0;
}

static const char *tb_links_bind_table(struct tb_context *cx, u32 index, struct tb_origin origin) {
  struct tb_context *other = tb_links_context(origin.in);
  const char *why = tb_links_limits(tb_table_size(other, origin.index), tb_table_sizes(other)[2 + 2 * origin.index], tb_table_sizes(cx) + 1 + 2 * index, 0xffffffffu);
  if (why) return why;
  cx->links->tables[index] = origin;
  tb_links_mirror(tb_embedded(cx), index, origin);
  return 0;
}

static const char *tb_links_bind_global(struct tb_context *cx, u32 index, struct tb_origin origin) {
  struct tb_context *other = tb_links_context(origin.in);
  u32 wanted = cx->links->global_types[index], found = other->links->global_types[origin.index];
  if ((wanted ^ found) >> 31) return found >> 31 ? "the global that there is cannot be set" : "the global that there is can be set";
  if (wanted != found || (wanted & 0x7fffffff) > TB_LINKS_NUMBERS) return "the global that there is has another type";
  cx->links->globals[index] = origin;
  tb_store_of(cx)->globals[index] = tb_store_of(other)->globals[origin.index];
  return 0;
}

const char tb_links_busy[] = "another thread uses what it is to share";

const char *tb_links_bind(struct tb_context *cx, u32 import, const struct tb_definition *given) {
  static const char *const kinds[] = {"what there is, is a function", "what there is, is a table", "what there is, is a memory", "what there is, is a global"};
  struct tb_embedded *instance = tb_embedded(cx);
  const struct tb_export *row = tb_embed_import(cx, import);
  u32 kind = row->function;
  if (!given) return "the host offers nothing of this name";
  if (!given->from || given->kind != kind) return kinds[given->from ? given->kind : 0];
  if (!instance->owner->linking) {
    if (!tb_links_lock(instance->owner)) return tb_links_busy;
    instance->owner->linking = 1;
  }
  if (!tb_links_join(instance) || !tb_links_join(given->from)) return tb_links_busy;
  struct tb_origin origin = {given->from, given->index};
  if (kind != TBLVM_FUNCTION) origin = tb_links_origin(given->from, kind, given->index);
  tb_links_hold(instance, origin.in);
  if (kind == TBLVM_MEMORY) return tb_links_bind_memory(cx, row->name, origin);
  if (kind == TBLVM_TABLE) return tb_links_bind_table(cx, row->name, origin);
  if (kind == TBLVM_GLOBAL) return tb_links_bind_global(cx, row->name, origin);
  const char *signature = (const char *)tb_export_texts(cx) + row->signature;
  if (!tb_embed_equal(signature, given->signature)) return "the function that there is has other types";
  if (!tb_links_is_numbers(signature)) return "numbers alone can pass between programs";
  instance->bound[import].from = given->from;
  instance->bound[import].index = tb_embed_function(tb_links_context(given->from), given->index);
  return 0;
}

/* --- globals ------------------------------------------------------------------------------------------------------- */

void tb_links_globals(struct tb_context *cx, u32 in) {
  struct tb_links *links = cx->links;
  for (u32 i = 0; i < links->given[TBLVM_GLOBAL]; i++) {
    if (links->global_types[i] >> 31 || links->aliases[i] != i) continue;
    cell *own = &tb_store_of(cx)->globals[i];
    cell *other = &tb_store_of(tb_links_context(links->globals[i].in))->globals[links->globals[i].index];
    if (in) *own = *other;
    else *other = *own;
  }
}

/* --- memories ------------------------------------------------------------------------------------------------------ */

void tb_links_memory_owner(struct tb_context **cx, u32 *memory) {
  struct tb_origin origin = tb_links_origin(tb_embedded(*cx), TBLVM_MEMORY, *memory);
  *cx = tb_links_context(origin.in);
  *memory = origin.index;
}

void tb_links_memory_grew(struct tb_context *cx, u32 memory) {
  struct tb_embedded *owner = tb_embedded(cx);
  if (owner->lock == &owner->own) return;
  for (struct tb_embedded *each = owner->owner->first_shared; each; each = each->next_shared) {
    struct tb_links *links = tb_links_of(each);
    for (u32 i = 0; i < links->given[TBLVM_MEMORY]; i++)
      if (links->memories[i].in == owner && links->memories[i].index == memory)
        tb_store_of(tb_links_context(each))->memory_bytes[i] = tb_memory_bytes(cx, memory);
  }
}
