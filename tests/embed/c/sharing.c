/* What instances of a store share. The programs are in tests/embed/programs.py: OWNER and SHARER. */
#include "exercise.h"

static uint64_t owner_bytes[4096];
static size_t owner_size;

static tblvm_context *load(tblvm_store *store, const void *bytes, size_t size, int status) {
  tblvm_context *context = 0;
  CHECK(tblvm_load(store, bytes, size, &context) == status);
  CHECK(!context == (status != TBLVM_OK && status != TBLVM_TRAPPED));
  return context;
}

static void link(tblvm_store *store, const char *name, tblvm_context *from, const char *exported) {
  int kind = -1;
  int64_t index = tblvm_export(from, exported, &kind);
  CHECK(index >= 0 && !tblvm_store_link(store, "a", name, from, kind, (uint32_t)index));
}

static tblvm_bound bound(tblvm_context *context, const char *name) {
  return (tblvm_bound){context, (uint32_t)tblvm_function(context, name)};
}

/* Calls a function of i32, and of one or two of them. */
static int calls(tblvm_context *context, const char *name, uint32_t one, uint32_t two, uint32_t *result) {
  uint64_t *slots = tblvm_slots(context);
  slots[0] = one;
  slots[1] = two;
  int status = call(context, name);
  *result = status ? 0 : (uint32_t)slots[0];
  return status;
}

static void globals(tblvm_context *owner, tblvm_context *sharer) {
  uint64_t value = 0;
  uint32_t result;
  int fixed = -1;
  CHECK(tblvm_global(owner, 0, &value, &fixed) == 'i' && value == 7 && !fixed);
  CHECK(tblvm_global(owner, 1, &value, &fixed) == 'l' && value == 1234567890123 && fixed == 1);
  CHECK(tblvm_set_global(owner, 1, 3) == TBLVM_MISUSED && tblvm_set_global(owner, 99, 3) == TBLVM_MISUSED);
  CHECK(!tblvm_global(owner, 99, &value, &fixed) && !tblvm_set_global(sharer, 0, 10));
  CHECK(tblvm_global(owner, 0, &value, &fixed) == 'i' && value == 10);
  /* sum() sets it by one of two imports of the same global, reads it by the owner's function and by the other one. */
  CHECK(!calls(sharer, "sum", 0, 0, &result) && result == 22);
  CHECK(tblvm_global(sharer, 1, &value, &fixed) == 'i' && value == 11);
}

static void memories(tblvm_context *owner, tblvm_context *sharer) {
  uint64_t bytes = 0, more = 0;
  uint32_t result;
  const char *at = tblvm_memory(owner, 0, &bytes);
  CHECK(at == tblvm_memory(sharer, 0, &more) && bytes == 65536 && more == bytes && at[8] == 'h' && at[12] == 'o');
  CHECK(!calls(sharer, "grow", 0, 0, &result) && result == 1);
  CHECK(at == tblvm_memory(owner, 0, &bytes) && at == tblvm_memory(sharer, 0, &more) && bytes == 3 * 65536 && more == bytes);
}

static void tables(tblvm_context *owner, tblvm_context *sharer) {
  tblvm_bound found, half = bound(sharer, "half"), none = {0, 0}, wide = bound(sharer, "big");
  uint32_t result, before = 0;
  CHECK(tblvm_table(owner, 0) == 4 && tblvm_table(sharer, 0) == 4 && tblvm_table(owner, 1) == 3 && tblvm_table(owner, 2) == -1);
  CHECK(!tblvm_table_get(owner, 0, 0, &found) && !found.context);
  CHECK(!tblvm_table_get(owner, 0, 1, &found) && found.context == sharer && same(tblvm_signature(sharer, found.function), "i>i"));
  tblvm_slots(sharer)[0] = 1;
  CHECK(!tblvm_enter(&found) && tblvm_slots(sharer)[0] == 1001);
  CHECK(tblvm_table_get(owner, 0, 4, &found) == TBLVM_MISUSED && tblvm_table_set(owner, 0, 4, 0) == TBLVM_MISUSED);
  CHECK(!calls(owner, "at", 1, 5, &result) && result == 1005);
  CHECK(!calls(sharer, "roundtrip", 2, 6, &result) && result == 12);
  CHECK(!tblvm_table_set(owner, 0, 0, &half) && !calls(owner, "at", 0, 4, &result) && result == 25);
  CHECK(calls(owner, "at", 0, 0, &result) == TBLVM_TRAPPED && same(tblvm_trap(owner).name, "DIVIDE_BY_ZERO"));
  struct tblvm_frame frame;
  CHECK(tblvm_frame(owner, 0, &frame) && same(frame.function, "half") && tblvm_frame(owner, 2, &frame) && same(frame.function, "at"));
  CHECK(!tblvm_frame(owner, 3, &frame));
  CHECK(calls(sharer, "roundtrip", 0, 0, &result) == TBLVM_TRAPPED && same(tblvm_trap(sharer).name, "DIVIDE_BY_ZERO"));
  CHECK(tblvm_frame(sharer, 0, &frame) && same(frame.function, "half") && tblvm_frame(sharer, 4, &frame) && same(frame.function, "roundtrip"));
  CHECK(!tblvm_table_set(sharer, 0, 0, &wide) && calls(owner, "at", 0, 4, &result) == TBLVM_TRAPPED);
  CHECK(same(tblvm_trap(owner).name, "CALL_TYPE_MISMATCH"));
  CHECK(!tblvm_table_set(sharer, 0, 0, &none) && calls(owner, "at", 0, 4, &result) == TBLVM_TRAPPED);
  CHECK(same(tblvm_trap(owner).name, "UNINITIALIZED_ELEMENT"));
  CHECK(!tblvm_table_grow(sharer, 0, 6, &half, &before) && before == 4 && tblvm_table(owner, 0) == 10);
  CHECK(tblvm_table_grow(owner, 0, 1, 0, &before) == TBLVM_TOO_LARGE && tblvm_table(sharer, 0) == 10);
  CHECK(!calls(owner, "at", 9, 50, &result) && result == 2);
}

/* A function that calls back and forth until there is no room. */
static void deep(tblvm_context *owner, tblvm_context *sharer) {
  tblvm_bound back = bound(sharer, "back");
  uint32_t result;
  CHECK(!tblvm_table_set(owner, 0, 3, &back) && calls(owner, "at", 3, 3, &result) == TBLVM_TRAPPED);
  CHECK(same(tblvm_trap(owner).name, "STACK_OVERFLOW"));
  CHECK(!calls(owner, "at", 9, 50, &result) && result == 2);
}

static const struct wrong {
  const char *left_out, *name, *exported, *why;
} wrong[] = {
    {"m", 0, 0, "a.m: the host offers nothing"},      {"m", "m", "t", "a.m: what there is, is a table"},
    {"g", "g", "c", "a.g: the global that there is cannot be set"}, {"c", "c", "g", "a.c: the global that there is can be set"},
    {"f", "f", "at", "a.f (i>i): the function that there is has other types"},
    {"t", "t", "small", "a.t: the one that there is, is too small"},
};

static const char *const shared[] = {"m", "t", "g", "c", "f", "getg", "at"};

static int has_text(const char *text, const char *part) {
  for (; *text; text++) {
    size_t at = 0;
    while (part[at] && text[at] == part[at]) at++;
    if (!part[at]) return 1;
  }
  return 0;
}

void sharing(struct module sharer_module) {
  if (!owner_size) {
    CHECK(sharer_module.size <= sizeof owner_bytes);
    owner_size = sharer_module.size;
    for (size_t i = 0; i < owner_size; i++) ((char *)owner_bytes)[i] = ((const char *)sharer_module.bytes)[i];
    return;
  }
  tblvm_store *store = tblvm_store_new(), *other = tblvm_store_new();
  tblvm_context *owner = load(store, owner_bytes, owner_size, TBLVM_OK);
  int kind = 5;
  CHECK(tblvm_export(owner, "none", &kind) == -1 && tblvm_export(owner, "c", &kind) == 1 && kind == TBLVM_GLOBAL);
  CHECK(tblvm_store_link(other, "a", "m", owner, TBLVM_MEMORY, 0) == TBLVM_MISUSED);
  CHECK(tblvm_store_link(store, "a", "m", owner, TBLVM_MEMORY, 1) == TBLVM_MISUSED);
  CHECK(tblvm_store_link(store, "a", "m", owner, 4, 0) == TBLVM_MISUSED);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    tblvm_store_forget(store);
    for (size_t each = 0; each < sizeof shared / sizeof *shared; each++)
      if (!same(shared[each], wrong[i].left_out)) link(store, shared[each], owner, shared[each]);
    if (wrong[i].name) link(store, wrong[i].name, owner, wrong[i].exported);
    load(store, sharer_module.bytes, sharer_module.size, TBLVM_UNLINKED);
    CHECK(has_text(tblvm_store_error(store), wrong[i].why));
  }
  tblvm_store_forget(store);
  for (size_t each = 0; each < sizeof shared / sizeof *shared; each++) link(store, shared[each], owner, shared[each]);
  tblvm_context *sharer = load(store, sharer_module.bytes, sharer_module.size, TBLVM_OK);
  tblvm_store_forget(store);
  globals(owner, sharer);
  memories(owner, sharer);
  tables(owner, sharer);
  deep(owner, sharer);
  uint32_t result;
  /* What is shared stays until nobody needs it. */
  CHECK(!tblvm_close(owner) && tblvm_call(owner, 0) == TBLVM_CLOSED && tblvm_table(owner, 0) == -1);
  CHECK(!calls(sharer, "roundtrip", 1, 6, &result) && result == 1006);
  CHECK(!tblvm_free(owner) && !calls(sharer, "roundtrip", 1, 7, &result) && result == 1007);
  CHECK(!tblvm_free(sharer));
  /* Nobody frees them but their store. */
  owner = load(store, owner_bytes, owner_size, TBLVM_OK);
  for (size_t each = 0; each < sizeof shared / sizeof *shared; each++) link(store, shared[each], owner, shared[each]);
  load(store, sharer_module.bytes, sharer_module.size, TBLVM_OK);
  CHECK(!tblvm_free(owner));
  CHECK(!tblvm_store_free(store) && !tblvm_store_free(other));
}
