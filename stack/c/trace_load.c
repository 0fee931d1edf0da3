/* The tables of trace.c for a module that was loaded: stack/trace.py in C. */
#include "tb_module.h"
#include "tb_rt.h"

/* Names as a terminal may see them. */
static void tb_put_text(struct tb_module *module, const u8 *at, u32 bytes) {
  u32 length, shown = 0;
  for (const u8 *end = at + bytes; at < end; at += length) {
    length = tb_module_scalar(at, end, &shown);
    for (u32 i = 0; i < length && shown; i++) tb_module_put(module, at[i]);
    if (!shown) tb_module_put(module, '?');
  }
}

static void tb_put_name(struct tb_module *module, u32 function, const u8 **name) {
  s32 size = 0;
  const struct tb_area *names = &module->section[TB_SECTION_NAMES];
  if (module->names) tb_module_leb(name, names->at + names->size, 0, &size);
  if (size) {
    tb_put_text(module, *name, (u32)size);
    *name += size;
  } else {
    u8 digits[20], *end = digits + sizeof digits;
    tb_module_put(module, 'f');
    for (const u8 *at = tb_rt_decimal(end, function); at < end; at++) tb_module_put(module, *at);
  }
  tb_module_put(module, 0);
}

static void tb_put_lines(struct tb_module *module, const u8 **lines) {
  const struct tb_area *area = &module->section[TB_SECTION_LINES];
  const u8 *end = area->at + area->size;
  s32 left = 0, offset = 0, line = 0;
  if (area->size) tb_module_leb(lines, end, 0, &left);
  for (; left; left--) {
    tb_module_leb(lines, end, 0, &offset);
    tb_module_leb(lines, end, 1, &line);
    tb_module_put_number(module, (u32)offset + 1);
    tb_module_put_number(module, (u32)line << 1 ^ (line < 0 ? ~0u : 0)); /* zigzag */
  }
  tb_module_put(module, 0);
}

void tb_trace_load(struct tb_context *cx, struct tb_module *module) {
  (void)cx;
  u32 *at = tb_module_keep(module, (u64)module->functions * 4);
  TB_SET_TABLE(trace_at, at);
  u8 *trace = module->low;
  TB_SET_TABLE(trace, trace);
  const u8 *name = module->first_name, *lines = module->section[TB_SECTION_LINES].at;
  for (u32 i = 0; i < module->functions; i++) {
    at[i] = (u32)(module->low - trace);
    tb_put_name(module, i, &name);
    tb_put_lines(module, &lines);
  }
  /* The file's name without its folders. */
  const struct tb_area *source = &module->section[TB_SECTION_SOURCE];
  u32 end = source->size, start;
  while (end && source->at[end - 1] == '/') end--;
  for (start = end; start && source->at[start - 1] != '/'; start--) continue;
  TB_SET_TABLE(trace_file, module->low);
  tb_put_text(module, source->at + start, end - start);
  tb_module_put(module, 0);
}
