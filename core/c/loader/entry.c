/* Interface `entry` of a runtime: runs the module named on the command line, or on standard input. */
#include "tb_entry.h"
#include "tb_loading.h"

struct tb_context tb_the_context;
struct tb_store tb_the_store;

static struct tb_module tb_the_module;
static const char *tb_file_name = "standard input";

void tb_module_refusal_put(struct tb_module *module, const void *text, u64 bytes) {
  (void)module;
  tb_platform_write(2, text, bytes);
}

static void tb_say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_platform_write(2, text, length);
}

_Noreturn void tb_refuse(struct tb_module *module, u32 status, const char *message) {
  tb_say("tblvm: ");
  tb_say(tb_file_name);
  tb_say(": ");
  tb_module_refusal(module, message);
  tb_say("\n");
  tb_platform_exit((int)status);
}

/* The whole file at the start of the module's memory. */
static void tb_read_file(TB_UNUSED struct tb_context *cx, struct tb_module *module, int descriptor) {
  u8 *memory = TB_MEMORY_MODULES(cx, 0, TB_LOAD_MEMORY);
  module->file.at = module->low = memory;
  module->high = memory + TB_LOAD_MEMORY;
  for (;;) {
    long done = tb_platform_read(descriptor, module->low, (u64)(module->high - module->low));
    if (done == -4) continue;
    if (done < 0) tb_refuse(module, TB_UNREADABLE, "it cannot be read");
    if (!done) break;
    module->low += done;
  }
  if (module->low == module->high) tb_refuse(module, TB_TOO_LARGE, "it is larger than this runtime reads: build one with -O load.memory");
  module->file.size = (u32)(module->low - memory);
}

/* The words without the first one, the runtime's own name; where there is no other, they stay. */
static TB_UNUSED const void *tb_module_words(const void *start) {
  long *words = (long *)(uptr)start, count = *words;
  if (count < 2) return start;
  words[1] = count - 1;
  return words + 1;
}

_Noreturn void tb_entry(const void *start) {
  struct tb_context *cx = &tb_the_context;
  struct tb_module *module = &tb_the_module;
  start = TB_PROCESS_OPTIONS(cx, start);
  const char *const *arguments = (const char *const *)start + 1; /* behind their number */
  int descriptor = 0;
  module->image = &tb_the_store.image;
  module->function = TB_NONE;
  module->offset = -1;
  const char *name = *(const long *)start > 1 ? arguments[1] : "-";
  if (name[0] != '-' || name[1]) {
    tb_file_name = name;
    descriptor = (int)tb_platform_open(name);
    if (descriptor < 0) tb_refuse(module, TB_UNREADABLE, "it cannot be opened");
  }
  tb_read_file(cx, module, descriptor);
  tb_module_load(cx, module);
  TB_PROCESS(cx, tb_module_words(start));
  tb_run_program(cx);
}
