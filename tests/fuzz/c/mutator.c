/* A mutator that knows .tbc: what it makes is mostly a module whose parts agree with each other, so that it gets to
 * the verifier and the engine; of several tries, mostly one that they accept. */
__SIZE_TYPE__ LLVMFuzzerMutate(u8 *data, __SIZE_TYPE__ size, __SIZE_TYPE__ most) __attribute__((weak));
__SIZE_TYPE__ LLVMFuzzerCustomMutator(u8 *data, __SIZE_TYPE__ size, __SIZE_TYPE__ most, unsigned seed);

enum { TB_ROW = 6, TB_TRIES = 6 };

static u32 tb_words_of(const struct tb_body *body) { return body->size / 4; }

/* Offsets of function *index* follow its instructions: *at* in its old code, in its new. */
static u32 tb_moved(const struct tb_listing *before, const struct tb_listing *after, u32 at) {
  u32 i = 0;
  while (i < before->count && before->lines[i].at < at) i++;
  if (i >= after->count) i = after->count ? after->count - 1 : 0;
  return after->count ? after->lines[i].now : 0;
}

static void tb_move_shapes(struct tb_parts *parts, u32 function, const struct tb_listing *before, const struct tb_listing *after) {
  struct tb_body *shapes = tb_part(parts, TB_SECTION_SHAPES);
  for (u32 at = 0; at + 3 <= tb_words_of(shapes) && tb_word_of(shapes, at + 2) < TB_BODY_BYTES; at += 3 + tb_word_of(shapes, at + 2))
    if (tb_word_of(shapes, at) == function) tb_set_word(shapes, at + 1, tb_moved(before, after, tb_word_of(shapes, at + 1)));
}

/* The lines of the other functions stay; those of this one are as many as fit. */
static void tb_move_lines(struct tb_parts *parts, u32 function, u32 functions, u32 size) {
  static struct tb_body made;
  struct tb_body *lines = tb_part(parts, TB_SECTION_LINES);
  const u8 *at = lines->at, *end = at + lines->size;
  made.size = 0;
  if (!lines->size) return;
  for (u32 i = 0; i < functions; i++) {
    static struct tb_body rows;
    s32 count = 0, step = 0, line = 0;
    u32 kept = 0;
    s64 offset = 0;
    rows.size = 0;
    if (!tb_module_leb(&at, end, 0, &count)) break;
    for (; count; count--) {
      if (!tb_module_leb(&at, end, 0, &step) || !tb_module_leb(&at, end, 1, &line)) break;
      offset += step;
      if (i == function && offset >= size) continue;
      tb_put_leb(&rows, step, 0);
      tb_put_leb(&rows, line, 1);
      kept++;
    }
    tb_put_leb(&made, kept, 0);
    for (u32 byte = 0; byte < rows.size; byte++) tb_put(&made, rows.at[byte]);
  }
  *lines = made;
}

static void tb_mutate_code(struct tb_parts *parts) {
  static struct tb_listing before, after;
  static struct tb_body code;
  struct tb_body *rows = tb_part(parts, TB_SECTION_FUNCTIONS);
  u32 functions = rows->size / 24, careless = tb_chance(12) == 0;
  if (!functions) return;
  u32 function = tb_chance(functions), start = tb_word_of(rows, TB_ROW * function), size = tb_word_of(rows, TB_ROW * function + 1);
  if (start > parts->bodies[TB_CODE].size || size > parts->bodies[TB_CODE].size - start) return;
  tb_decode_all(parts, parts->bodies[TB_CODE].at + start, size, &before);
  memcpy(after.lines, before.lines, before.count * sizeof *before.lines);
  memcpy(after.tail, before.tail, sizeof after.tail);
  after.count = before.count;
  after.size = before.size;
  after.tail_size = before.tail_size;
  u32 unused = 0, type = tb_word_of(rows, TB_ROW * function + 2) & 0xffff;
  struct tb_counts counts = {
      .locals = (tb_parameters(parts, type, &unused) & 0xffff) + (tb_word_of(rows, TB_ROW * function + 4) & 0xffff),
      .globals = tb_words_of(tb_part(parts, TB_SECTION_GLOBALS)),
      .pool = parts->bodies[TB_POOL].size / 8,
      .functions = functions,
      .types = tb_part(parts, TB_SECTION_TYPES)->size / 16,
      .spaces = 3,
  };
  for (u32 edits = 1 + tb_chance(tb_chance(3) ? 2 : 6); edits; edits--) tb_edit(&after, &counts);
  if (tb_chance(3)) after.tail_size = 0;
  tb_encode_all(parts, &after, &code, !careless);
  tb_splice(&parts->bodies[TB_CODE], start, size, code.at, code.size);
  tb_set_word(rows, TB_ROW * function + 1, code.size);
  for (u32 i = function + 1; i < functions; i++)
    tb_set_word(rows, TB_ROW * i, tb_word_of(rows, TB_ROW * i) + code.size - size);
  if (careless) return;
  tb_move_shapes(parts, function, &before, &after);
  if (tb_chance(4))
    tb_move_lines(parts, function, functions, code.size);
  else
    tb_part(parts, TB_SECTION_LINES)->size = 0;
  if (tb_chance(20)) tb_set_word(rows, TB_ROW * function + 5, tb_depth(parts, &after, function));
}

/* --- tables -------------------------------------------------------------------------------------------------- */

static u32 tb_any_type(struct tb_parts *parts, u32 stored) {
  u32 types = tb_part(parts, TB_SECTION_TYPES)->size / 16;
  if (types && tb_chance(2)) return 16 + tb_chance(types);
  return stored ? 1 + tb_chance(13) : 1 + tb_chance(7);
}

static void tb_drop_names(struct tb_parts *parts) { tb_part(parts, TB_SECTION_NAMES)->size = 0; }

/* One more local, global, constant, function or type, or another type of one of them; all else agrees. */
static void tb_mutate_tables(struct tb_parts *parts) {
  struct tb_body *rows = tb_part(parts, TB_SECTION_FUNCTIONS), *locals = tb_part(parts, TB_SECTION_LOCALS);
  struct tb_body *types = tb_part(parts, TB_SECTION_TYPES), *list = tb_part(parts, TB_SECTION_TYPE_LIST);
  struct tb_body *globals = tb_part(parts, TB_SECTION_GLOBALS), *pool = &parts->bodies[TB_POOL], *data = &parts->bodies[TB_DATA];
  u32 functions = rows->size / 24, function = functions ? tb_chance(functions) : 0, size;
  u8 word[4];
  switch (tb_chance(17)) {
    case 0:
      if (!functions) return;
      tb_store_u32(word, tb_any_type(parts, 0));
      tb_splice(locals, 4 * (tb_word_of(rows, TB_ROW * function + 3) + tb_word_of(rows, TB_ROW * function + 4)), 0, word, 4);
      tb_set_word(rows, TB_ROW * function + 4, tb_word_of(rows, TB_ROW * function + 4) + 1);
      for (u32 i = function + 1; i < functions; i++) tb_set_word(rows, TB_ROW * i + 3, tb_word_of(rows, TB_ROW * i + 3) + 1);
      return tb_drop_names(parts);
    case 1:
      tb_put_u32(globals, tb_any_type(parts, 0));
      return tb_drop_names(parts);
    case 2: /* a constant: all kinds */
      size = 1 + tb_chance(6);
      tb_put_u32(pool, size);
      tb_put_u32(pool, size <= TB_POOL_F32 ? (u32)tb_number() : data->size);
      if (size >= TB_POOL_I64 && size <= TB_POOL_F64) {
        tb_put_u32(data, (u32)tb_number());
        tb_put_u32(data, (u32)tb_number());
      } else if (size >= TB_POOL_LATIN1) {
        u32 units = size == TB_POOL_LATIN1 ? tb_chance(9) : 1 + tb_chance(5);
        tb_put_u32(data, units);
        for (u32 i = 0; i < units; i++) {
          u32 unit = size == TB_POOL_LATIN1 ? tb_chance(256) : 0x100 + (tb_chance(3) ? 0xd700 + tb_chance(0x800) : tb_chance(0xfe00));
          tb_put(data, unit);
          if (size == TB_POOL_UTF16) tb_put(data, unit >> 8);
        }
        while (data->size & 3) tb_put(data, 0);
      }
      return;
    case 3: /* an array */
      tb_put_u32(types, TB_KIND_ARRAY);
      tb_put_u32(types, tb_any_type(parts, 1));
      tb_put_u32(types, 0);
      tb_put_u32(types, 0);
      return tb_drop_names(parts);
    case 4: /* a class, or a function type */
      size = tb_chance(5);
      u32 results = tb_chance(2) ? tb_chance(3) : 0, is_class = !results && tb_chance(3);
      tb_put_u32(types, is_class ? TB_KIND_CLASS : TB_KIND_FUNCTION);
      tb_put_u32(types, size);
      tb_put_u32(types, results);
      tb_put_u32(types, list->size / 4);
      for (u32 i = 0; i < size + results; i++) tb_put_u32(list, tb_any_type(parts, is_class));
      return tb_drop_names(parts);
    case 5: /* a function: a copy of another's code */
      if (!functions) return;
      size = tb_word_of(rows, TB_ROW * function + 1);
      u32 first = tb_word_of(rows, TB_ROW * function), at = parts->bodies[TB_CODE].size;
      if (first > at || size > at - first || tb_word_of(rows, TB_ROW * function + 4)) return;
      static u8 copy[TB_BODY_BYTES];
      memcpy(copy, parts->bodies[TB_CODE].at + first, size);
      tb_splice(&parts->bodies[TB_CODE], at, 0, copy, size);
      u32 row[TB_ROW] = {at, size, tb_word_of(rows, TB_ROW * function + 2), locals->size / 4, 0, tb_word_of(rows, TB_ROW * function + 5)};
      for (u32 i = 0; i < TB_ROW; i++) tb_put_u32(rows, row[i]);
      tb_part(parts, TB_SECTION_LINES)->size = 0;
      return tb_drop_names(parts);
    case 8: { /* a memory, or a table: least and most; few programs have more than one */
      struct tb_body *sizes = tb_part(parts, tb_chance(2) ? TB_SECTION_MEMORIES : TB_SECTION_TABLES);
      u32 least = tb_chance(4);
      tb_put_u32(sizes, least);
      return tb_put_u32(sizes, tb_chance(5) ? least + tb_chance(3) : (u32)tb_number());
    }
    case 9: /* a segment of data or of elements: where to, how much, what */
    case 10: {
      u32 is_data = tb_chance(2), items = tb_chance(6);
      struct tb_body *segments = tb_part(parts, is_data ? TB_SECTION_DATA : TB_SECTION_ELEMENTS);
      u32 is_active = tb_chance(2);
      tb_put_u32(segments, is_active ? 0 : TB_NONE);
      tb_put_u32(segments, is_active ? tb_chance(4) : 0);
      tb_put_u32(segments, items);
      for (u32 i = 0; i < items; i++) {
        if (is_data)
          tb_put(segments, tb_chance(256));
        else
          tb_put_u32(segments, tb_chance(4) && functions ? tb_chance(functions) : TB_NONE);
      }
      while (segments->size & 3) tb_put(segments, 0);
      return;
    }
    case 14: { /* an import of any kind */
      struct tb_body *imports = tb_part(parts, TB_SECTION_IMPORTS);
      tb_put(imports, 1);
      tb_put(imports, 'm');
      tb_put(imports, 0);
      u32 kind = tb_chance(4);
      tb_put(imports, kind);
      return tb_put_leb(imports, kind ? tb_chance(3) : tb_chance(types->size / 16), 0);
    }
    case 15: { /* a start function, or one more fixed global */
      u32 is_start = tb_chance(2);
      struct tb_body *words = tb_part(parts, is_start ? TB_SECTION_START : TB_SECTION_FIXED);
      if (is_start) words->size = 0;
      return tb_put_u32(words, is_start ? function : words->size / 4 + tb_chance(2));
    }
    case 11:
    case 12:
    case 13:
      tb_mutate_classes(parts);
      return tb_drop_names(parts);
    case 6:
      if (globals->size) tb_set_word(globals, tb_chance(tb_words_of(globals)), tb_any_type(parts, 0));
      return;
    case 7:
      if (list->size) tb_set_word(list, tb_chance(tb_words_of(list)), tb_any_type(parts, tb_chance(2)));
      return;
    default:
      if (locals->size) tb_set_word(locals, tb_chance(tb_words_of(locals)), tb_any_type(parts, 0));
  }
}

/* --- bytes and rows, without care ------------------------------------------------------------------------- */

static void tb_mutate_body(struct tb_body *body) {
  static const u32 sizes[] = {1, 4, 4, 8, 12, 16, 24};
  u32 size = sizes[tb_chance(7)], at = body->size ? tb_chance(body->size) : 0;
  u8 bytes[24];
  for (u32 i = 0; i < sizeof bytes; i++) bytes[i] = tb_chance(2) ? 0 : (u8)tb_chance(256);
  switch (tb_chance(5)) {
    case 0:
      tb_splice(body, at & ~3u, 0, bytes, size);
      return;
    case 1:
      tb_splice(body, at & ~3u, size, bytes, 0);
      return;
    case 2:
      if (body->size) tb_set_word(body, at / 4, tb_chance(2) ? (u32)tb_number() : tb_word_of(body, at / 4) + tb_chance(3) - 1);
      return;
    case 3:
      if (body->size) body->at[at] = (u8)(tb_chance(2) ? tb_chance(256) : body->at[at] ^ 1u << tb_chance(8));
      return;
    default:
      if (body->size) body->size = (u32)LLVMFuzzerMutate(body->at, body->size, TB_BODY_BYTES);
  }
}

static void tb_mutate_header(struct tb_parts *parts) {
  u32 which = tb_chance(5);
  if (which == 4) {
    tb_part(parts, tb_chance(TB_KINDS))->size = 0;
  } else {
    u32 functions = tb_part(parts, TB_SECTION_FUNCTIONS)->size / 24;
    parts->header[which] = tb_chance(3) && functions ? tb_chance(functions) : (u32)tb_number();
    if (which == 0) parts->header[0] = 1 | tb_chance(5) << 16;
  }
}

static void tb_mutate_run(struct tb_parts *parts) {
  static const char *const words[] = {"1", "-2147483648", "2147483648", " \t\n", "7 8 9\n", "x", "+", "-0", "ÿ"};
  struct tb_body *run = tb_part(parts, TB_FUZZ_KIND);
  if (!run->size) tb_put(run, 0);
  if (tb_chance(2)) {
    run->at[0] = (u8)tb_chance(256);
    if (tb_chance(4)) run->at[0] &= (u8)~(TB_FUZZ_WHOLE | TB_FUZZ_LITTLE);
  } else {
    const char *word = words[tb_chance(sizeof words / sizeof *words)];
    tb_splice(run, 1 + tb_chance(run->size), 0, (const u8 *)word, (u32)strlen(word));
  }
}

static u32 tb_is_wide_type(u32 code) { return code < 16 && (tb_builtin[code] & TB_BUILTIN_WIDE); }

/* The flag that says so is set when there are 64-bit values. */
static void tb_fix_flags(struct tb_parts *parts) {
  static const u32 lists[] = {TB_SECTION_LOCALS, TB_SECTION_TYPE_LIST, TB_SECTION_GLOBALS};
  u32 wide = 0;
  for (u32 i = 0; i < 3; i++)
    for (u32 at = 0; at < tb_words_of(tb_part(parts, lists[i])); at++) wide |= tb_is_wide_type(tb_word_of(tb_part(parts, lists[i]), at));
  for (u32 at = 0; at + 1 < tb_words_of(&parts->bodies[TB_POOL]); at += 2) {
    u32 kind = tb_word_of(&parts->bodies[TB_POOL], at);
    wide |= kind == TB_POOL_I64 || kind == TB_POOL_F64;
  }
  const struct tb_body *types = tb_part(parts, TB_SECTION_TYPES);
  for (u32 at = 0; at + 3 < tb_words_of(types); at += 4)
    wide |= tb_word_of(types, at) == TB_KIND_ARRAY && tb_is_wide_type(tb_word_of(types, at + 1));
  parts->header[0] = (parts->header[0] & ~((u32)TB_FLAG_WIDE << 16)) | (wide ? TB_FLAG_WIDE << 16 : 0);
}

static void tb_mutate(struct tb_parts *parts) {
  u32 way = tb_chance(20);
  if (way < 12)
    tb_mutate_code(parts);
  else if (way < 15)
    tb_mutate_tables(parts);
  else if (way < 17)
    tb_mutate_body(&parts->bodies[tb_chance(TB_BODIES)]);
  else if (way < 18)
    tb_mutate_header(parts);
  else
    tb_mutate_run(parts);
}

__SIZE_TYPE__ LLVMFuzzerCustomMutator(u8 *data, __SIZE_TYPE__ size, __SIZE_TYPE__ most, unsigned seed) {
  static struct tb_parts before, after;
  static u8 made[1 << 16];
  tb_seed = seed * 0x9e3779b97f4a7c15ull + 1;
  u64 limit = most < sizeof made ? most : sizeof made, bytes = 0;
  if (tb_chance(12) && tb_take_apart(&before, data, size)) {
    for (u32 tries = tb_chance(4) ? TB_TRIES : 1; tries; tries--) {
      memcpy(&after, &before, sizeof after);
      for (u32 count = 1 + (tb_chance(3) ? 0 : tb_chance(4)); count; count--) tb_mutate(&after);
      if (tb_chance(30)) tb_fix_flags(&after);
      u64 now = tb_put_together(&after, made, limit);
      if (!now) continue;
      bytes = now;
      if (tb_fuzz_accepts(made, bytes)) break;
    }
  }
  if (!bytes) return LLVMFuzzerMutate(data, size, most);
  memcpy(data, made, bytes);
  return bytes;
}
