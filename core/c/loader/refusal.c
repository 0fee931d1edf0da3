/* Why a module is not run, in one line. */
#include "tb_loading.h"
#include "tb_rt.h"

static void tb_say_text(struct tb_module *module, const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_module_refusal_put(module, text, length);
}

static void tb_say_number(struct tb_module *module, u64 number) {
  u8 digits[20];
  u8 *end = digits + sizeof digits, *start = tb_rt_decimal(end, number);
  tb_module_refusal_put(module, start, (u64)(end - start));
}

/* A name of the module: what could control a terminal becomes a question mark. */
static void tb_say_name(struct tb_module *module, struct tb_area name) {
  u32 length, shown = 0;
  for (const u8 *at = name.at, *end = at + name.size; at != end; at += length) {
    length = tb_module_scalar(at, end, &shown);
    tb_module_refusal_put(module, shown ? at : (const u8 *)"?", shown ? length : 1);
    if (!length) break; /* no text at all: it is what was wrong with it */
  }
}

void tb_module_refusal(struct tb_module *module, const char *message) {
  if (module->function != TB_NONE) {
    struct tb_area name = tb_module_name(module, module->function);
    tb_say_text(module, "function ");
    tb_say_name(module, name);
    if (!name.size) {
      tb_say_text(module, "f");
      tb_say_number(module, module->function);
    }
    if (module->offset >= 0) {
      tb_say_text(module, ", offset ");
      tb_say_number(module, (u64)module->offset);
    }
    tb_say_text(module, ": ");
  }
  for (; *message; message++) {
    if (*message == '$')
      tb_say_name(module, module->subject);
    else
      tb_module_refusal_put(module, message, 1);
  }
}
