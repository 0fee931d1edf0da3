/* Numbers and names of untrusted bytes. */
#include "tb_module.h"

u32 tb_module_leb(const u8 **at, const u8 *end, u32 how, s32 *number) {
  u64 value = 0, is_signed = how == TB_LEB_SIGNED;
  u32 shift = 0, byte, before = 0, last = 0;
  do {
    if (*at == end || shift == 35) return 0;
    before = last;
    last = byte = *(*at)++;
    value |= (u64)(byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  u64 negative = is_signed && (byte & 0x40);
  if (negative) value |= ~0ull << shift;
  *number = (s32)(u32)value;
  /* The last byte must say more than its sign, which the byte before has already said. */
  u32 spare = negative ? 0x7f : 0, said = is_signed ? (before & 0x40) == (byte & 0x40) : 1;
  if (shift > 7 && byte == spare && said) return 0;
  if (is_signed) return value == (u64)(s64)*number;
  return !(value >> (how == TB_LEB_FULL ? 32 : 31));
}

u32 tb_module_scalar(const u8 *at, const u8 *end, u32 *shown) {
  u32 first = *at, more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 4;
  if (more > 3 || (u64)(end - at) <= more) return 0;
  u32 scalar = more ? first & (0x3fu >> more) : first;
  for (u32 i = 1; i <= more; i++) {
    if (at[i] >> 6 != 2) return 0;
    scalar = scalar << 6 | (at[i] & 0x3f);
  }
  /* Longer than need be, a surrogate, or beyond Unicode. */
  if (more > 1 && (scalar < (more == 2 ? 0x800u : 0x10000u) || scalar >> 11 == 0xd800 >> 11 || scalar > 0x10ffff)) return 0;
  *shown = 1;
  for (u32 i = 0; i < tb_hidden_count; i++)
    if (scalar >= tb_hidden[i][0] && scalar <= tb_hidden[i][1]) *shown = 0;
  return more + 1;
}

struct tb_import_row tb_module_import(const u8 **at, const u8 *end) {
  struct tb_import_row row;
  struct tb_area *names[] = {&row.module, &row.name};
  s32 number = 0;
  for (u32 i = 0; i < 2; i++) {
    tb_module_leb(at, end, TB_LEB_UNSIGNED, &number);
    *names[i] = (struct tb_area){(u8 *)(__UINTPTR_TYPE__)*at, (u32)number};
    *at += (u32)number;
  }
  tb_module_leb(at, end, TB_LEB_UNSIGNED, &number);
  row.kind = (u32)number;
  tb_module_leb(at, end, TB_LEB_UNSIGNED, &number);
  row.type = (u32)number;
  return row;
}

struct tb_area tb_module_name(const struct tb_module *module, u32 function) {
  struct tb_area name = {module->file.at, 0}; /* no null pointer: callers add to it */
  if (function >= module->names) return name;
  const u8 *at = module->first_name;
  const u8 *end = module->section[TB_SECTION_NAMES].at + module->section[TB_SECTION_NAMES].size;
  s32 size = 0;
  for (u32 i = 0; i <= function; i++) {
    at += size;
    if (!tb_module_leb(&at, end, 0, &size)) break; /* cannot be: the section has been checked */
  }
  name.at = (u8 *)(uptr)at;
  name.size = (u32)size;
  return name;
}
