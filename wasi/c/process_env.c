/* Interface `environment`: variables that were named when the runtime was built, or on its command line. */
#include "tb_process.h"

/* What was named (generated): NAME=VALUE, NAME for that of the process, or "*" for all of them; null behind the last one. */
extern const char *const tb_env_named[];

static u32 tb_env_is(const char *variable, const char *name) {
  while (*name && *variable == *name) variable++, name++;
  return !*name && *variable == '=';
}

/* Keeps a variable, in place of one of the same name. */
static void tb_env_keep(struct tb_context *cx, const char *variable) {
  struct tb_store *store = tb_store_of(cx);
  u32 length = 0, at = 0;
  while (variable[length] && variable[length] != '=') length++;
  for (; at < store->env_count; at++) {
    u32 same = 0;
    while (same <= length && store->env_words[at][same] == variable[same]) same++;
    if (same > length) break;
  }
  if (at == TB_ENV_MOST) tb_process_fail("there are too many variables of the environment: ", variable);
  store->env_words[at] = variable;
  store->env_count += at == store->env_count;
}

void tb_env_add(struct tb_context *cx, const char *named) {
  u32 given = 0;
  for (const char *at = named; *at && !given; at++) given = *at == '=';
  if (given) {
    tb_env_keep(cx, named);
    return;
  }
  u32 all = named[0] == '*' && !named[1];
  for (const char *const *at = tb_process_words(cx) + tb_process_count(cx) + 1; *at; at++)
    if (all || tb_env_is(*at, named)) tb_env_keep(cx, *at);
}

void tb_env_start(struct tb_context *cx) {
  if (!tb_store_of(cx)->process) return; /* a program that another one runs */
  for (const char *const *at = tb_env_named; *at; at++) tb_env_add(cx, *at);
}

struct tb_words tb_given_environment(struct tb_context *cx) {
  struct tb_words words = {tb_store_of(cx)->env_words, tb_store_of(cx)->env_count};
  return words;
}
