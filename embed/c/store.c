/* Stores: what instances have in common. */
#include "tb_embed.h"
#include "tb_platform.h"
#include "tb_thread.h"

tblvm_store *tblvm_store_new(void) {
  struct tblvm_store *store = tb_platform_try_map(0, sizeof *store);
  if (!store) return 0;
  store->threads = tb_thread_known();
  for (u32 i = 0; i < TB_LIMITS; i++) store->limits[i] = tb_limits[i].standard;
  return store;
}

int tblvm_store_free(tblvm_store *store) {
  tb_embed_clear(store);
  struct tb_embedded *each;
  /* First all of them are closed: of one that runs nothing is freed, and then nothing of the others. */
  for (each = store->first; each; each = each->next)
    if (__atomic_load_n(&each->lock->thread, __ATOMIC_ACQUIRE))
      return tb_embed_error(store, TBLVM_BUSY, "an instance of the store runs");
  store->ending = 1;
  for (each = store->first; each; each = each->next) each->holders = 0;
  while ((each = store->first)) {
    if (tblvm_free((tblvm_context *)(void *)each) != TBLVM_BUSY) continue;
    store->ending = 0;
    return tb_embed_error(store, TBLVM_BUSY, "an instance of the store runs");
  }
  for (struct tb_given *at = store->given, *next; at; at = next) {
    next = at->next;
    if (at->descriptor >= 0) tb_platform_close(at->descriptor);
    tb_platform_unmap(at, at->bytes);
  }
  tblvm_store_forget(store);
  tb_platform_unmap(store, sizeof *store);
  return TBLVM_OK;
}

int tblvm_store_limit(tblvm_store *store, const char *name, uint64_t value) {
  tb_embed_clear(store);
  for (u32 i = 0; i < TB_LIMITS; i++) {
    if (!tb_embed_equal(tb_limits[i].name, name)) continue;
    if (value < tb_limits[i].least || value > tb_limits[i].most)
      return tb_embed_error(store, TBLVM_MISUSED, "the limit cannot have this value");
    store->limits[i] = value;
    return TBLVM_OK;
  }
  return tb_embed_error(store, TBLVM_MISUSED, "the library has no such limit");
}

/* The text behind what is at *at*, which moves behind it. */
static const char *tb_embed_keep(char **at, const char *text) {
  const char *kept = *at;
  do *(*at)++ = *text;
  while (*text++);
  return kept;
}

struct tb_definition *tb_embed_define(struct tblvm_store *store, const char *module, const char *name, const char *signature) {
  u64 bytes = sizeof(struct tb_definition) + 3 + tb_embed_length(module) + tb_embed_length(name) + tb_embed_length(signature);
  struct tb_definition *made = tb_platform_try_map(0, bytes);
  if (!made) {
    tb_embed_error(store, 0, "the system gives no memory");
    return 0;
  }
  char *at = (char *)(made + 1);
  made->bytes = bytes;
  made->module = tb_embed_keep(&at, module);
  made->name = tb_embed_keep(&at, name);
  made->signature = tb_embed_keep(&at, signature);
  made->next = store->definitions;
  store->definitions = made;
  return made;
}

static u32 tb_embed_is(const char *text, const u8 *name, u32 bytes) {
  for (u32 i = 0; i < bytes; i++, text++)
    if (!*text || (u8)*text != name[i]) return 0;
  return !*text;
}

const struct tb_definition *tb_embed_find(const struct tblvm_store *store, const u8 *module, u32 module_bytes, const u8 *name,
                                          u32 name_bytes) {
  const struct tb_definition *each = store->definitions;
  while (each && !(tb_embed_is(each->module, module, module_bytes) && tb_embed_is(each->name, name, name_bytes))) each = each->next;
  return each;
}

int tblvm_store_define(tblvm_store *store, const char *module, const char *name, const char *signature,
                       tblvm_host *function, void *user) {
  tb_embed_clear(store);
  struct tb_definition *made = tb_embed_define(store, module, name, signature);
  if (!made) return TBLVM_TOO_LARGE;
  made->function = function;
  made->user = user;
  return TBLVM_OK;
}

struct tb_given *tb_embed_give_text(struct tblvm_store *store, const char *text) {
  u64 bytes = sizeof(struct tb_given) + 1 + tb_embed_length(text);
  struct tb_given *made = tb_platform_try_map(0, bytes);
  if (!made) {
    tb_embed_error(store, TBLVM_TOO_LARGE, "the system gives no memory");
    return 0;
  }
  char *at = (char *)(made + 1);
  made->bytes = bytes;
  made->descriptor = -1;
  made->text = tb_embed_keep(&at, text);
  made->next = store->given;
  store->given = made;
  return made;
}

void tblvm_store_forget(tblvm_store *store) {
  for (struct tb_definition *at = store->definitions, *next; at; at = next) {
    next = at->next;
    tb_platform_unmap(at, at->bytes);
  }
  store->definitions = 0;
}

const char *tblvm_store_error(const tblvm_store *store) { return store->error; }

void tblvm_store_console(tblvm_store *store, tblvm_reader *read, tblvm_writer *write, void *user) {
  store->read = read;
  store->write = write;
  store->user = user;
}

void tblvm_store_errors(tblvm_store *store, tblvm_writer *write, void *user) {
  store->errors = write;
  store->errors_user = user;
}

void tb_embed_clear(struct tblvm_store *store) {
  store->error_used = 0;
  store->error[0] = 0;
}

void tb_embed_say(struct tblvm_store *store, const void *text, u64 bytes) {
  const char *from = text;
  for (; bytes && store->error_used < TB_EMBED_ERROR - 1; bytes--) store->error[store->error_used++] = *from++;
  store->error[store->error_used] = 0;
  /* What is cut ends between characters: bytes 10xxxxxx go on with the one before. */
  if (!bytes || (*from & 0xc0) != 0x80) return;
  u32 end = store->error_used;
  while (end && (store->error[end - 1] & 0xc0) == 0x80) end--;
  if (end) store->error[end - 1] = 0;
}

/* Names are any text: what is not plain becomes a question mark. */
void tb_embed_say_name(struct tblvm_store *store, const u8 *name, u32 bytes) {
  for (u32 i = 0; i < bytes; i++) tb_embed_say(store, name[i] >= ' ' && name[i] < 0x7f ? (const void *)(name + i) : "?", 1);
}

int tb_embed_error(struct tblvm_store *store, int status, const char *message) {
  tb_embed_say(store, message, tb_embed_length(message));
  return status;
}
