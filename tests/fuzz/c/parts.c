/* A file taken apart and put together: header, section table, areas and sections. */
#include "tb_fuzz.h"
#include "tb_verify.h"

#include <stdlib.h>
#include <string.h>

enum { TB_BODY_BYTES = 1 << 15, TB_FUZZ_KIND = TB_SECTIONS, TB_KINDS, TB_BODIES = 3 + TB_KINDS };
/* As in core/c/loader/check.c: sections that code needs are marked so. */
enum { TB_MARKED_SECTIONS = 0x38fd7e };

struct tb_body {
  u32 size;
  u8 at[TB_BODY_BYTES];
};
/* bodies: pool, code, data, then the sections by kind (TB_FUZZ_SECTION last). header: version and flags, entry,
 * min_stack, min_heap. */
struct tb_parts {
  u32 header[4];
  struct tb_body bodies[TB_BODIES];
};
enum { TB_POOL, TB_CODE, TB_DATA, TB_SECTION };

static struct tb_body *tb_part(struct tb_parts *parts, u32 section) { return &parts->bodies[TB_SECTION + section]; }

/* --- chance ---------------------------------------------------------------------------------------------- */

static u64 tb_seed;
/* Below *limit*; 0 where that is 0. (xorshift64*, Vigna) */
static u32 tb_chance(u32 limit) {
  tb_seed ^= tb_seed >> 12;
  tb_seed ^= tb_seed << 25;
  tb_seed ^= tb_seed >> 27;
  return limit ? (u32)((tb_seed * 2685821657736338717ull) >> 32) % limit : 0;
}

/* --- bytes ----------------------------------------------------------------------------------------------- */

static void tb_put(struct tb_body *body, u32 byte) {
  if (body->size < TB_BODY_BYTES) body->at[body->size++] = (u8)byte;
}
static void tb_put_u32(struct tb_body *body, u32 word) {
  for (u32 i = 0; i < 4; i++) tb_put(body, word >> 8 * i);
}
static void tb_put_leb(struct tb_body *body, s64 number, u32 is_signed) {
  for (;;) {
    u32 byte = number & 0x7f;
    number >>= 7;
    u32 last = number == 0 ? !(is_signed && byte & 0x40) : is_signed && number == -1 && byte & 0x40;
    tb_put(body, byte | (last ? 0 : 0x80));
    if (last) return;
  }
}
static u32 tb_word_of(const struct tb_body *body, u32 index) {
  return 4 * (u64)index + 4 <= body->size ? tb_load_u32(body->at + 4 * index) : 0;
}
static void tb_set_word(struct tb_body *body, u32 index, u32 word) {
  if (4 * (u64)index + 4 <= body->size) tb_store_u32(body->at + 4 * index, word);
}
/* Replaces bytes by others; nothing where there is no room. */
static void tb_splice(struct tb_body *body, u32 at, u32 removed, const u8 *by, u32 added) {
  if (at > body->size || removed > body->size - at || body->size - removed + added > TB_BODY_BYTES) return;
  memmove(body->at + at + added, body->at + at + removed, body->size - at - removed);
  if (added) memcpy(body->at + at, by, added);
  body->size += added - removed;
}

/* --- the file -------------------------------------------------------------------------------------------- */

static u32 tb_take_area(const u8 *file, u64 size, const u8 *row, struct tb_body *body) {
  u32 offset = tb_load_u32(row), bytes = tb_load_u32(row + 4);
  if (offset > size || bytes > size - offset || bytes > TB_BODY_BYTES) return 0;
  body->size = bytes;
  memcpy(body->at, file + offset, bytes);
  return 1;
}

/* 0 where the file is no file at all, or too large. */
static u32 tb_take_apart(struct tb_parts *parts, const u8 *file, u64 size) {
  if (size < 48 || tb_load_u32(file) != 0x4f434254) return 0;
  for (u32 i = 0; i < TB_BODIES; i++) parts->bodies[i].size = 0;
  parts->header[0] = tb_load_u32(file + 4);
  for (u32 i = 1; i < 4; i++) parts->header[i] = tb_load_u32(file + 28 + 4 * i);
  for (u32 i = 0; i < 3; i++)
    if (!tb_take_area(file, size, file + 8 + 8 * i, &parts->bodies[i])) return 0;
  u32 count = tb_load_u32(file + 44);
  if (count > (size - 48) / 12) return 0;
  for (u32 i = 0; i < count; i++) {
    const u8 *row = file + 48 + 12 * i;
    u32 kind = tb_load_u32(row) & 0x7fffffff;
    kind = kind == TB_FUZZ_SECTION ? TB_FUZZ_KIND : kind < TB_SECTIONS ? kind : TB_KINDS;
    if (kind < TB_KINDS && !tb_take_area(file, size, row + 4, tb_part(parts, kind))) return 0;
  }
  return 1;
}

/* The size of the file, 0 where it is larger than *most*. */
static u64 tb_put_together(const struct tb_parts *parts, u8 *file, u64 most) {
  u64 at = 48;
  u32 count = 0;
  for (u32 i = TB_SECTION; i < TB_BODIES; i++) count += parts->bodies[i].size != 0;
  at += 12 * count;
  if (at > most) return 0;
  memset(file, 0, at);
  tb_store_u32(file, 0x4f434254);
  tb_store_u32(file + 4, parts->header[0]);
  for (u32 i = 1; i < 4; i++) tb_store_u32(file + 28 + 4 * i, parts->header[i]);
  tb_store_u32(file + 44, count);
  u8 *row = file + 48;
  for (u32 i = 0; i < TB_BODIES; i++) {
    const struct tb_body *body = &parts->bodies[i];
    u32 kind = i - TB_SECTION, marked = i >= TB_SECTION && kind < 32 && TB_MARKED_SECTIONS >> kind & 1;
    u8 *place = file + 8 + 8 * i;
    if (i >= TB_SECTION) {
      if (!body->size) continue;
      tb_store_u32(row, kind == TB_FUZZ_KIND ? (u32)TB_FUZZ_SECTION : kind | marked << 31);
      place = row + 4;
      row += 12;
    }
    while (at & 3 && at < most) file[at++] = 0;
    if (body->size > most - at) return 0;
    tb_store_u32(place, (u32)at);
    tb_store_u32(place + 4, body->size);
    memcpy(file + at, body->at, body->size);
    at += body->size;
  }
  return at;
}
