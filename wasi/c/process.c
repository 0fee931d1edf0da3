/* What the process was started with. */
#include "tb_process.h"
#include "tb_platform.h"

void tb_process_keep(struct tb_context *cx, const void *start) {
  struct tb_store *store = tb_store_of(cx);
  store->process = start;
  if (TB_LOADS && store->process_name) ((const char **)(uptr)start)[1] = store->process_name;
}

static void tb_process_say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_platform_write(2, text, length);
}

_Noreturn void tb_process_fail(const char *what, const char *name) {
  tb_process_say("tblvm: ");
  tb_process_say(what);
  tb_process_say(name);
  tb_process_say("\n");
  tb_platform_exit(6);
}
