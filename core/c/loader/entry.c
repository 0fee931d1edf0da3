/* Interface `entry` of a runtime: runs the module named on the command line, or on standard input. */
#include "tb_entry.h"
#include "tb_frame.h"
#include "tb_module.h"
#include "tb_rt.h"

struct tb_context tb_the_context;
struct tb_store tb_the_store;

static struct tb_module tb_the_module;
static const char *tb_file_name = "standard input";

static void tb_say_bytes(const void *at, u64 bytes) { tb_platform_write(2, at, bytes); }

static void tb_say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_say_bytes(text, length);
}

static void tb_say_number(u64 number) {
  u8 digits[20];
  u8 *end = digits + sizeof digits, *start = tb_rt_decimal(end, number);
  tb_say_bytes(start, (u64)(end - start));
}

/* A name of the module: what could control a terminal becomes a question mark. */
static void tb_say_name(struct tb_area name) {
  u32 length, shown = 0;
  for (const u8 *at = name.at, *end = at + name.size; at != end; at += length) {
    length = tb_module_scalar(at, end, &shown);
    tb_say_bytes(shown ? at : (const u8 *)"?", shown ? length : 1);
    if (!length) break; /* no text at all: it is what was wrong with it */
  }
}

_Noreturn void tb_refuse(struct tb_module *module, u32 status, const char *message) {
  tb_say("tblvm: ");
  tb_say(tb_file_name);
  tb_say(": ");
  if (module->function != TB_NONE) {
    struct tb_area name = tb_module_name(module, module->function);
    tb_say("function ");
    tb_say_name(name);
    if (!name.size) {
      tb_say("f");
      tb_say_number(module->function);
    }
    if (module->offset >= 0) {
      tb_say(", offset ");
      tb_say_number((u64)module->offset);
    }
    tb_say(": ");
  }
  for (; *message; message++) {
    if (*message == '$')
      tb_say_name(module->subject);
    else
      tb_say_bytes(message, 1);
  }
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

/* What the module asks of the runtime beyond its opcodes. */
static void tb_check_limits(struct tb_context *cx, struct tb_module *module) {
  if ((module->flags & TB_FLAG_COLLECTOR) && !TB_COLLECTS)
    tb_refuse(module, TB_EXCLUDED, "it relies on a collector, which this runtime does not have: build one with a collector");
  u64 cells = tb_functions(cx)[TB_ENTRY(cx)].cells;
  if (module->min_stack > TB_STACK_CELLS || cells > TB_STACK_CELLS)
    tb_refuse(module, TB_TOO_LARGE, "it needs a larger stack than this runtime has: build one with --stack");
  if (module->min_heap > TB_HEAP_BYTES)
    tb_refuse(module, TB_TOO_LARGE, "it needs a larger heap than this runtime has: build one with --heap");
}

_Noreturn void tb_entry(const void *start) {
  struct tb_context *cx = &tb_the_context;
  struct tb_module *module = &tb_the_module;
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
  tb_module_check(module);
  tb_module_layout(module);
  tb_module_verify(module);
  tb_module_tables(cx, module);
  tb_check_limits(cx, module);
  tb_run_program(cx);
}
