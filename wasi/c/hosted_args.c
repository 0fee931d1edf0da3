/* Interface `arguments`: words that the host gives. */
#include "tb_embed.h"
#include "tb_platform.h"
#include "tb_words.h"

struct tb_words tb_given_arguments(struct tb_context *cx) {
  struct tb_words words = {tb_store_of(cx)->given_words, tb_store_of(cx)->given_count};
  return words;
}

void tb_hosted_args_release(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  if (store->given_bytes) tb_platform_unmap((void *)(uptr)store->given_words, store->given_bytes);
  store->given_words = 0;
  store->given_bytes = store->given_count = 0;
}

int tblvm_arguments(tblvm_context *context, const char *const *words, uint32_t count) {
  struct tb_context *cx = tb_embed_context(context);
  int refused = tb_embed_take(tb_embedded(cx));
  if (refused) return refused;
  u64 bytes = (u64)count * sizeof *words;
  for (u32 i = 0; i < count; i++) bytes += tb_embed_length(words[i]) + 1;
  const char **made = bytes ? tb_platform_try_map(0, bytes) : 0;
  int status = bytes && !made ? TBLVM_TOO_LARGE : TBLVM_OK;
  if (!status) {
    tb_hosted_args_release(cx);
    char *at = (char *)(made + count);
    for (u32 i = 0; i < count; i++) {
      u64 length = tb_embed_length(words[i]) + 1;
      __builtin_memcpy(at, words[i], length);
      made[i] = at;
      at += length;
    }
    tb_store_of(cx)->given_words = made;
    tb_store_of(cx)->given_bytes = bytes;
    tb_store_of(cx)->given_count = count;
  }
  tb_embed_give(tb_embedded(cx));
  return status;
}
