/* Code as a list of instructions, of any page: decoded and chosen by the tables that the verifier reads. */
#include <limits.h>

enum { TB_MOST = 1024, TB_MOST_TARGETS = 12 };

/* page: index in tb_pages. offsets: where branches lead, in order; to: the index of the instruction that stands there,
 * or -1. at: its offset when it was decoded; now: as it is encoded. */
struct tb_line {
  u32 page, opcode, at, now, targets;
  s32 offsets[TB_MOST_TARGETS], to[TB_MOST_TARGETS];
  s32 immediates[TB_IMMEDIATES];
};
struct tb_listing {
  u32 count, size, tail_size;
  struct tb_line lines[TB_MOST];
  u8 tail[256]; /* what could not be decoded */
};

static const u8 *tb_signature(u32 page, u32 opcode) { return tb_signatures + tb_pages[page].opcodes[opcode]; }

/* The prefix with which the file selects the page: 0 for none. */
static u32 tb_prefix_of(struct tb_parts *parts, u32 page) {
  const struct tb_body *pages = tb_part(parts, TB_SECTION_PAGES);
  for (u32 at = 0; at + TB_PAGE_ROW <= pages->size; at += TB_PAGE_ROW + tb_load_u16(pages->at + at + 2)) {
    u32 size = tb_load_u16(pages->at + at + 2);
    if (size == tb_pages[page].length && at + TB_PAGE_ROW + size <= pages->size &&
        !memcmp(tb_pages[page].name, pages->at + at + TB_PAGE_ROW, size))
      return pages->at[at];
  }
  return tb_pages[page].prefix;
}

static u32 tb_page_count_of_opcodes(u32 page, u32 last) {
  u32 count = 0;
  for (u32 i = 0; i <= last && i < tb_pages[page].codes; i++) count += tb_pages[page].opcodes[i] != 0;
  return count;
}

/* The pages section names the page, with at least *opcode*. */
static void tb_list_page(struct tb_parts *parts, u32 page, u32 opcode) {
  struct tb_body *pages = tb_part(parts, TB_SECTION_PAGES);
  u32 at = 0, core = tb_pages[page].prefix == 0xff;
  for (u32 size; at + TB_PAGE_ROW <= pages->size; at += TB_PAGE_ROW + size) {
    u8 *row = pages->at + at;
    size = tb_load_u16(row + 2);
    if (at + TB_PAGE_ROW + size > pages->size) return;
    u32 shorter = size < tb_pages[page].length ? size : tb_pages[page].length;
    int order = memcmp(row + TB_PAGE_ROW, tb_pages[page].name, shorter);
    if (!order) order = (int)size - (int)tb_pages[page].length;
    if (!order) {
      if (row[1] >= opcode) return;
      row[1] = (u8)opcode;
      memcpy(row + 4, &tb_pages[page].fingerprints[tb_page_count_of_opcodes(page, opcode)], 8);
      return;
    }
    if (core || (row[0] != 0xff && order > 0)) break;
  }
  u8 row[TB_PAGE_ROW + 256] = {tb_pages[page].prefix, (u8)opcode, tb_pages[page].length, 0};
  if (!row[0]) row[0] = (u8)(0xe0 + page % 31);
  memcpy(row + 4, &tb_pages[page].fingerprints[tb_page_count_of_opcodes(page, opcode)], 8);
  memcpy(row + TB_PAGE_ROW, tb_pages[page].name, tb_pages[page].length);
  tb_splice(pages, at, 0, row, TB_PAGE_ROW + tb_pages[page].length);
}

/* --- decode and encode --------------------------------------------------------------------------------------- */

static u32 tb_how(u32 kind) {
  return kind == TB_IMM_IMM_S ? TB_LEB_SIGNED : kind == TB_IMM_IMM_U32 ? TB_LEB_FULL : TB_LEB_UNSIGNED;
}

/* Reads immediates; 0 where they are none. */
static u32 tb_decode_immediates(struct tb_line *line, const u8 **at, const u8 *end) {
  const u8 *signature = tb_signature(line->page, line->opcode);
  for (u32 i = 0; i < *signature; i++) {
    u32 kind = signature[1 + i], count = kind == TB_IMM_TARGET;
    if (!tb_module_leb(at, end, tb_how(kind), &line->immediates[i])) return 0;
    if (count) line->offsets[line->targets++] = line->immediates[i];
    if (kind == TB_IMM_TARGETS) count = (u32)line->immediates[i] + 1;
    for (; kind == TB_IMM_TARGETS && count; count--)
      if (line->targets == TB_MOST_TARGETS || !tb_module_leb(at, end, TB_LEB_UNSIGNED, &line->offsets[line->targets++])) return 0;
  }
  return 1;
}

static s32 tb_line_at(const struct tb_listing *listing, u32 offset) {
  for (u32 low = 0, high = listing->count; low < high;) {
    u32 middle = (low + high) / 2;
    if (listing->lines[middle].at == offset) return (s32)middle;
    if (listing->lines[middle].at < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

static void tb_decode_all(struct tb_parts *parts, const u8 *code, u32 size, struct tb_listing *listing) {
  const u8 *at = code, *end = code + size;
  u32 core = 0, prefixes[256];
  memset(prefixes, 0xff, sizeof prefixes);
  for (u32 i = 0; i < tb_page_count; i++) {
    if (tb_pages[i].prefix == 0xff) core = i;
    prefixes[tb_prefix_of(parts, i)] = i;
  }
  listing->count = 0;
  listing->size = size;
  while (at < end && listing->count < TB_MOST) {
    struct tb_line *line = &listing->lines[listing->count];
    const u8 *start = at;
    u32 page = prefixes[*at] == 0xffffffff || *at == 0xff || *at == 0 ? core : prefixes[*at++];
    u32 good = at < end && *at < tb_pages[page].codes && tb_pages[page].opcodes[*at];
    if (good) {
      *line = (struct tb_line){.page = page, .opcode = *at++, .at = (u32)(start - code)};
      good = tb_decode_immediates(line, &at, end);
    }
    if (!good) {
      at = start;
      break;
    }
    listing->count++;
  }
  listing->tail_size = (u32)(end - at) < sizeof listing->tail ? (u32)(end - at) : (u32)sizeof listing->tail;
  memcpy(listing->tail, at, listing->tail_size);
  for (u32 i = 0; i < listing->count; i++) {
    struct tb_line *line = &listing->lines[i];
    for (u32 each = 0; each < line->targets; each++) line->to[each] = tb_line_at(listing, (u32)line->offsets[each]);
  }
}

static void tb_encode_line(struct tb_parts *parts, const struct tb_line *line, struct tb_body *code) {
  u32 prefix = tb_prefix_of(parts, line->page), target = 0;
  if (prefix != 0xff) tb_put(code, prefix);
  tb_put(code, line->opcode);
  const u8 *signature = tb_signature(line->page, line->opcode);
  for (u32 i = 0; i < *signature; i++) {
    u32 kind = signature[1 + i], how = tb_how(kind);
    s64 number = line->immediates[i];
    if (kind == TB_IMM_TARGET) number = line->offsets[target++];
    if (kind == TB_IMM_TARGETS) number = line->targets - target - 1;
    if (how == TB_LEB_UNSIGNED) number &= 0x7fffffff;
    if (how == TB_LEB_FULL) number = (u32)number;
    tb_put_leb(code, number, how == TB_LEB_SIGNED);
    while (kind == TB_IMM_TARGETS && target < line->targets) tb_put_leb(code, line->offsets[target++] & 0x7fffffff, 0);
  }
}

/* Branches lead to where their instructions have come, if *fix*: sizes depend on distances, so more than one round. */
static void tb_encode_all(struct tb_parts *parts, struct tb_listing *listing, struct tb_body *code, u32 fix) {
  for (u32 i = 0; i < listing->count; i++) tb_list_page(parts, listing->lines[i].page, listing->lines[i].opcode);
  for (u32 round = 0; round < 5; round++) {
    code->size = 0;
    for (u32 i = 0; i < listing->count; i++) {
      struct tb_line *line = &listing->lines[i];
      for (u32 each = 0; fix && each < line->targets; each++)
        if (line->to[each] >= 0 && line->to[each] < (s32)listing->count)
          line->offsets[each] = (s32)listing->lines[line->to[each]].now;
      line->now = code->size;
      tb_encode_line(parts, line, code);
    }
  }
  for (u32 i = 0; i < listing->tail_size; i++) tb_put(code, listing->tail[i]);
}

/* --- edits --------------------------------------------------------------------------------------------------- */

/* What immediates can name. */
struct tb_counts {
  u32 locals, globals, pool, functions, types, spaces;
};

static s32 tb_number(void) {
  static const s32 edges[] = {0, 1, -1, 2, 3, 7, 8, 31, 32, 33, 63, 64, -64, -65, 127, 128, 255, 256, 8191, 8192, 16383, 16384,
                              32767, 32768, 65535, 65536, 1 << 20, 0x7ffffff0, INT_MAX, INT_MIN, INT_MIN + 1};
  u32 way = tb_chance(8);
  if (way < 4) return edges[tb_chance(sizeof edges / sizeof *edges)];
  return way < 7 ? (s32)tb_chance(17) - 1 : (s32)tb_chance(0xffffffff);
}

static void tb_choose_immediate(struct tb_line *line, u32 index, const struct tb_counts *counts) {
  u32 kind = tb_signature(line->page, line->opcode)[1 + index];
  u32 limit = 0;
  s32 first = 0;
  if (kind == TB_IMM_LOCAL) limit = counts->locals;
  if (kind == TB_IMM_GLOBAL) limit = counts->globals;
  if (kind == TB_IMM_POOL) limit = counts->pool;
  if (kind == TB_IMM_FUNC) limit = counts->functions;
  if (kind == TB_IMM_FUNCTYPE) limit = counts->types;
  if (kind == TB_IMM_FIELD || kind == TB_IMM_METHOD) limit = 4;
  if (kind == TB_IMM_CLASS || kind == TB_IMM_INTERFACE || kind == TB_IMM_ARRAY || kind == TB_IMM_REFTYPE) {
    limit = counts->types;
    first = 16;
    if (kind == TB_IMM_REFTYPE && tb_chance(3) == 0) limit = 3, first = 5;
  }
  if (kind == TB_IMM_MEMORY || kind == TB_IMM_DATA || kind == TB_IMM_TABLE || kind == TB_IMM_ELEM) limit = counts->spaces;
  line->immediates[index] = limit && tb_chance(20) ? first + (s32)tb_chance(limit) : tb_number();
}

/* Other places for branches to lead to: as many as the opcode has. */
static void tb_choose_targets(struct tb_listing *listing, struct tb_line *line) {
  const u8 *signature = tb_signature(line->page, line->opcode);
  u32 table = 0;
  line->targets = 0;
  for (u32 i = 0; i < *signature; i++) {
    line->targets += signature[1 + i] == TB_IMM_TARGET;
    table |= signature[1 + i] == TB_IMM_TARGETS;
  }
  if (table) line->targets = 1 + tb_chance(5);
  for (u32 i = 0; i < line->targets; i++) {
    line->to[i] = (s32)tb_chance(listing->count + 1);
    line->offsets[i] = tb_number();
  }
}

static void tb_choose_opcode(struct tb_line *line) {
  do {
    line->page = tb_chance(tb_page_count);
    line->opcode = tb_chance(tb_pages[line->page].codes);
  } while (!tb_pages[line->page].opcodes[line->opcode]);
  line->targets = 0;
}

static struct tb_line tb_choose_line(struct tb_listing *listing, const struct tb_counts *counts) {
  struct tb_line line = {0};
  tb_choose_opcode(&line);
  u32 count = *tb_signature(line.page, line.opcode);
  for (u32 i = 0; i < count; i++) tb_choose_immediate(&line, i, counts);
  tb_choose_targets(listing, &line);
  return line;
}

/* Another opcode with the same kinds of immediates. */
static void tb_swap_opcode(struct tb_line *line) {
  const u8 *kinds = tb_signature(line->page, line->opcode);
  for (u32 tries = 0; tries < 64; tries++) {
    struct tb_line other = *line;
    tb_choose_opcode(&other);
    const u8 *others = tb_signature(other.page, other.opcode);
    if (*kinds != *others || memcmp(kinds, others, 1 + *kinds)) continue;
    line->page = other.page;
    line->opcode = other.opcode;
    return;
  }
}

/* Makes room for *added* lines in the place of *removed*; branches keep their instructions. */
static u32 tb_shift(struct tb_listing *listing, u32 at, u32 removed, u32 added) {
  if (removed > listing->count - at || listing->count - removed + added > TB_MOST) return 0;
  memmove(&listing->lines[at + added], &listing->lines[at + removed], (listing->count - at - removed) * sizeof *listing->lines);
  listing->count += added - removed;
  for (u32 i = 0; i < listing->count; i++) {
    struct tb_line *line = &listing->lines[i];
    for (u32 each = 0; each < line->targets; each++) {
      s32 to = line->to[each];
      if (to > (s32)at) line->to[each] = to < (s32)(at + removed) ? (s32)at : to + (s32)(added - removed);
    }
  }
  return 1;
}

static void tb_edit(struct tb_listing *listing, const struct tb_counts *counts) {
  static struct tb_line copied[TB_MOST];
  u32 at = tb_chance(listing->count + 1), last = at == listing->count, way = tb_chance(10);
  struct tb_line *line = &listing->lines[at];
  u32 run = 1 + tb_chance(tb_chance(4) ? 3 : 12), to;
  if (!last && run > listing->count - at) run = listing->count - at;
  if (last || way < 3) { /* insert */
    struct tb_line chosen = tb_choose_line(listing, counts);
    if (tb_shift(listing, at, 0, 1)) *line = chosen;
  } else if (way == 3) { /* delete */
    tb_shift(listing, at, run, 0);
  } else if (way == 4) { /* copy a run to another place */
    memcpy(copied, line, run * sizeof *line);
    to = tb_chance(listing->count + 1);
    if (tb_shift(listing, to, 0, run)) memcpy(&listing->lines[to], copied, run * sizeof *line);
  } else if (way == 5) { /* swap */
    to = tb_chance(listing->count);
    struct tb_line other = listing->lines[to];
    listing->lines[to] = *line;
    *line = other;
  } else if (way < 8) {
    u32 count = *tb_signature(line->page, line->opcode);
    if (line->targets && tb_chance(2))
      tb_choose_targets(listing, line);
    else if (count)
      tb_choose_immediate(line, tb_chance(count), counts);
    else
      tb_swap_opcode(line);
  } else if (way == 8) {
    tb_swap_opcode(line);
  } else {
    *line = tb_choose_line(listing, counts);
  }
}

/* --- how deep the operand stack gets ------------------------------------------------------------------------- */

static u32 tb_parameters(struct tb_parts *parts, u32 type, u32 *results) {
  *results = tb_word_of(tb_part(parts, TB_SECTION_TYPES), 4 * type + 2);
  return tb_word_of(tb_part(parts, TB_SECTION_TYPES), 4 * type + 1);
}

/* By the counts of operands and results alone. shapes: words of the shapes section. */
static u32 tb_depth(struct tb_parts *parts, struct tb_listing *listing, u32 function) {
  static s32 expected[TB_MOST];
  s32 depth = 0, deepest = 0, known = 1;
  const struct tb_body *shapes = tb_part(parts, TB_SECTION_SHAPES);
  for (u32 i = 0; i < listing->count; i++) expected[i] = -1;
  for (u32 at = 0; 4 * at + 12 <= shapes->size && tb_word_of(shapes, at + 2) < TB_BODY_BYTES; at += 3 + tb_word_of(shapes, at + 2))
    for (u32 i = 0; i < listing->count && tb_word_of(shapes, at) == function; i++)
      if (listing->lines[i].now == tb_word_of(shapes, at + 1)) expected[i] = (s32)tb_word_of(shapes, at + 2);
  for (u32 i = 0; i < listing->count; i++) {
    struct tb_line *line = &listing->lines[i];
    if (!known) depth = expected[i] > 0 ? expected[i] : 0;
    known = 1;
    const u8 *at = tb_signature(line->page, line->opcode);
    u32 immediates = *at;
    at += 1 + immediates + 1 + 1; /* kinds, declarations, size */
    at += 1 + 5 * *at;            /* guards */
    at += 1 + *at;                /* variables */
    u32 operands = *at;
    at += 1 + 2 * operands;
    u32 results = *at;
    at += 1 + 2 * results;
    const struct tb_form *form = &tb_forms[tb_load_u16(at)];
    depth += (s32)results - (s32)operands;
    if (depth > deepest) deepest = depth;
    u32 named = (u32)line->immediates[form->operand], more = 0, less = 0;
    switch (form->transfer) {
      case TB_TAIL_INVOKE:
        known = 0; /* and as for a call */
        __attribute__((fallthrough));
      case TB_INVOKE:
        if (tb_signature(line->page, line->opcode)[1 + form->operand] == TB_IMM_FUNC)
          named = tb_word_of(tb_part(parts, TB_SECTION_FUNCTIONS), 6 * (named & 0xffff) + 2);
        else if (tb_signature(line->page, line->opcode)[1 + form->operand] == TB_IMM_METHOD)
          named = tb_type_of_method(parts, (u32)line->immediates[form->operand - 1], named);
        less = tb_parameters(parts, named & 0xffff, &more);
        depth += (s32)((more & 0x7fff) - (less & 0x7fff));
        break;
      case TB_JUMP_IF:
      case TB_JUMP_TABLE:
      case TB_JUMP:
        for (u32 each = 0; each < line->targets; each++)
          if (line->to[each] > (s32)i && line->to[each] < (s32)listing->count && expected[line->to[each]] < 0)
            expected[line->to[each]] = depth;
        known = form->transfer == TB_JUMP_IF;
        break;
      case TB_RETURN:
      case TB_HALT:
        known = 0;
        break;
      default:
        break;
    }
    if (depth < 0) depth = 0;
    if (depth > deepest) deepest = depth;
  }
  return (u32)deepest;
}
