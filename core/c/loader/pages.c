/* The pages that a module lists. */
#include "tb_check.h"

/* That the rows of pages are whole. */
static void tb_check_page_rows(struct tb_module *module) {
  const u8 *at = module->section[TB_SECTION_PAGES].at, *end = at + module->section[TB_SECTION_PAGES].size;
  while (at != end) {
    tb_require(module, end - at >= TB_PAGE_ROW, "section pages ends inside a row");
    u32 size = tb_load_u16(at + 2);
    at += TB_PAGE_ROW;
    tb_require(module, size <= (u64)(end - at), "section pages ends inside a name");
    tb_check_text(module, at, size);
    at += size;
  }
}

static u32 tb_is_name_byte(u32 byte, u32 first) {
  u32 letter = (byte | 0x20) - 'a' < 26 || byte - '0' < 10 || byte == '_';
  return letter || (!first && (byte == '.' || byte == '-'));
}

static void tb_check_pages(struct tb_module *module) {
  const u8 *at = module->section[TB_SECTION_PAGES].at, *end = at + module->section[TB_SECTION_PAGES].size;
  const u8 *previous = at;
  u32 previous_size = 0;
  u8 taken[256] = {0};
  for (u32 number = 0; at != end; number++) {
    u32 prefix = at[0], size = tb_load_u16(at + 2);
    at += TB_PAGE_ROW;
    u32 good = size - 1 < 255;
    for (u32 i = 0; i < size; i++) good &= tb_is_name_byte(at[i], i == 0);
    tb_require(module, good, "a page has no proper name");
    if (size == 4 && !__builtin_memcmp(at, "core", 4)) {
      tb_require(module, number == 0 && prefix == 0xff, "page core is not listed first, or twice, or with a prefix");
    } else {
      u32 shorter = size < previous_size ? size : previous_size;
      int order = __builtin_memcmp(previous, at, shorter);
      tb_require(module, order < 0 || (order == 0 && previous_size < size), "a page is listed twice or not in order of names");
      tb_require(module, prefix >= 0x60 && prefix <= 0xfe && !taken[prefix], "a page has a wrong prefix");
      taken[prefix] = 1;
      previous = at;
      previous_size = size;
    }
    at += size;
  }
}
