/* Interface `environment`: variables that the host gives. */
#include "tb_embed.h"
#include "tb_words.h"

void tb_hosted_env_start(struct tb_context *cx) {
  struct tb_store *store = tb_store_of(cx);
  const struct tb_given *first = tb_embedded(cx)->given;
  u32 count = 0;
  for (const struct tb_given *at = first; at; at = at->next) count += at->descriptor < 0;
  if (!count) return;
  store->env_count = count;
  store->env_words = TB_MAP(cx, 0, (u64)count * sizeof *store->env_words);
  for (const struct tb_given *at = first; at; at = at->next)
    if (at->descriptor < 0) store->env_words[--count] = at->text;
}

struct tb_words tb_given_environment(struct tb_context *cx) {
  struct tb_words words = {tb_store_of(cx)->env_words, tb_store_of(cx)->env_count};
  return words;
}

int tblvm_store_variable(tblvm_store *store, const char *variable) {
  tb_embed_clear(store);
  return tb_embed_give_text(store, variable) ? TBLVM_OK : TBLVM_TOO_LARGE;
}
