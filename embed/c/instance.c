/* Instances: made, closed, freed. */
#include "tb_embed.h"
#include "tb_platform.h"
#include "tb_thread.h"

u32 tb_embed_mine(const struct tb_embedded *instance) {
  return __atomic_load_n(&instance->lock->thread, __ATOMIC_RELAXED) == tb_thread(instance->owner->threads);
}

void tb_embed_give(struct tb_embedded *instance) {
  struct tb_embed_lock *lock = instance->lock;
  if (!--lock->count) __atomic_store_n(&lock->thread, 0, __ATOMIC_RELEASE);
}

/* outside: whether it may be running. */
static int tb_embed_acquire(struct tb_embedded *instance, u32 outside) {
  if (__atomic_load_n(&instance->closed, __ATOMIC_ACQUIRE)) return TBLVM_CLOSED;
  struct tb_embed_lock *lock = instance->lock;
  u64 nobody = 0;
  if (!tb_embed_mine(instance) && !__atomic_compare_exchange_n(&lock->thread, &nobody, tb_thread(instance->owner->threads), 0,
                                                               __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return TBLVM_BUSY;
  lock->count++;
  int refused = instance->closed ? TBLVM_CLOSED : instance->depth && !outside ? TBLVM_BUSY : TBLVM_OK;
  if (refused) tb_embed_give(instance);
  return refused;
}

int tb_embed_take(struct tb_embedded *instance) { return tb_embed_acquire(instance, 0); }
int tb_embed_enter(struct tb_embedded *instance) { return tb_embed_acquire(instance, instance->host != 0); }

_Noreturn void tb_embed_leave(struct tblvm_store *store, int status) {
  store->status = status;
  tb_jump_to(&store->back);
}

_Noreturn void tb_embed_fail(struct tb_context *cx, const char *message) {
  struct tblvm_store *store = tb_embedded(cx)->owner;
  tb_embed_leave(store, tb_embed_error(store, TBLVM_TOO_LARGE, message));
}

/* An instance was made, or was not: others may use what they share again. */
static void tb_embed_linked(struct tblvm_store *store) {
  if (TB_LINKS && store->linking) tb_links_unlock(store);
  store->linking = 0;
}

int tblvm_load(tblvm_store *store, const void *module, size_t bytes, tblvm_context **context) {
  int status = tblvm_make(store, module, bytes, context);
  return status ? status : tblvm_begin(*context);
}

int tblvm_make(tblvm_store *store, const void *module, size_t bytes, tblvm_context **context) {
  tb_embed_clear(store);
  *context = 0;
  store->linking = 0;
  store->starting = tb_platform_try_map(0, sizeof *store->starting);
  if (!store->starting) return tb_embed_error(store, TBLVM_TOO_LARGE, "the system gives no memory");
  /* Whoever leaves comes back here: what is needed then is in the store, not in registers. */
  if (tb_jump_set(&store->back)) {
    struct tb_embedded *failed = store->starting;
    failed->next = store->first;
    store->first = failed;
    failed->closed = failed->freed = failed->dead = 1;
    if (!failed->holders) tb_embed_empty(failed);
    tb_embed_linked(store);
    return store->status;
  }
  struct tb_embedded *instance = store->starting;
  struct tb_context *cx = &instance->it.context;
  instance->owner = store;
  instance->given = store->given;
  instance->lock = &instance->own;
  for (u32 i = 0; i < TB_LIMITS; i++) instance->limits[i] = store->limits[i];
  cx->store = &instance->it.store;
  cx->limits = instance->limits;
  tb_embed_source(cx, module, bytes);
  tb_embed_bind(cx);
  tb_start(cx);
  instance->next = store->first;
  store->first = instance;
  *context = (tblvm_context *)(void *)cx;
  tb_embed_linked(store);
  return TBLVM_OK;
}

void tb_embed_empty(struct tb_embedded *instance) {
  struct tb_embedded **at = &instance->owner->first;
  if (TB_LINKS && !instance->empty) tb_links_release(instance);
  if (!instance->empty) tb_instances_empty(&instance->it.context);
  instance->empty = 1;
  if (!instance->freed) return;
  while (*at != instance) at = &(*at)->next;
  *at = instance->next;
  tb_platform_unmap(instance, sizeof *instance);
}

int tblvm_close(tblvm_context *context) {
  struct tb_context *cx = tb_embed_context(context);
  int refused = tb_embed_take(tb_embedded(cx));
  if (refused) return refused;
  tb_embed_finish(tb_embedded(cx));
  __atomic_store_n(&tb_embedded(cx)->closed, 1, __ATOMIC_RELEASE);
  if (!tb_embedded(cx)->holders) tb_embed_empty(tb_embedded(cx));
  tb_embed_give(tb_embedded(cx));
  return TBLVM_OK;
}

int tblvm_free(tblvm_context *context) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  if (tblvm_close(context) == TBLVM_BUSY) return TBLVM_BUSY;
  instance->freed = 1;
  if (!instance->holders) tb_embed_empty(instance);
  return TBLVM_OK;
}
