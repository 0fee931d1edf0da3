/* From resolved code to register code, a function at a time.
 *
 * The operand stack exists only here: each operand is a slot of the frame (a local, or its own home), a constant, or an
 * entry of the pool. Moves change that and emit nothing; a record reads operands where they are and leaves its result in
 * the home slot of the operand that it makes, and in an accumulator. What is emitted is changed where the next
 * instructions show that it can be better: a result goes straight to the local that it is stored in, and to no slot where
 * only the accumulator is read. Where control flows together, all operands are in their homes. (The idea of keeping
 * a model of the stack: Ertl, "Stack caching for interpreters", PLDI 1995.)
 *
 * Invariants: an operand that is a slot of the operand stack is its own home or a lower one; the code has been verified. */
#include "tb_threaded.h"

#define TB_REG_NONE 0xffffffffu
/* What an operand is. */
enum { TB_OPERAND_SLOT, TB_OPERAND_I32, TB_OPERAND_I64, TB_OPERAND_POOL };
struct tb_operand {
  u32 kind, value;
};

/* What an accumulator holds: the value of a slot, that a record put there. */
struct tb_held {
  u32 slot, record;
};

/* A branch forward: the record with the distance, and the target's offset. */
struct tb_forward {
  u32 record, target;
};

/* labels[offset]: 0, or for targets of branches TB_LABEL with the depth (TB_LABEL_DEPTH: not known yet), until their record
 * is known; counts[offset]: instructions before it. forwards: branches whose target's record is not known yet. home: the
 * slot of the deepest operand. last: the record whose result may still go elsewhere. set, read: which of the first 64
 * declared locals the function has set, or read before, up to the first place where control may go elsewhere. */
struct tb_translator {
  struct tb_context *cx;
  struct tb_threaded *t;
  const struct tb_function *function;
  const u8 *code, *at;
  u32 *labels, *counts;
  struct tb_forward *forwards;
  struct tb_operand *operands;
  u32 depth, home, last, forward_count, function_number, calls;
  u32 pc, count;
  u64 set, read;
  struct tb_held held[2];
  u32 numbers[TB_REG_MOST_NUMBERS];
};
#define TB_LABEL 0x80000000u
#define TB_LABEL_UNKNOWN 0xffffffffu

static u32 tb_reg_number(const u8 **at, u32 is_signed) {
  u32 number = 0, shift = 0, byte;
  do {
    byte = *(*at)++;
    number |= (u32)((u64)(byte & 0x7f) << shift);
    shift += 7;
  } while (byte & 0x80);
  return is_signed && shift < 32 && (byte & 0x40) ? number | ~0u << shift : number;
}

const struct tb_reg_form *tb_threaded_decode(const u8 **at, u32 *numbers) {
  u32 number = *(*at)++;
  if (number >= TB_REG_WIDE_FROM) number = TB_REG_WIDE_FROM + ((number - TB_REG_WIDE_FROM) << 8 | *(*at)++);
  const struct tb_reg_form *form = &tb_reg_forms[number];
  for (u32 i = 0; i < form->numbers; i++) numbers[i] = tb_reg_number(at, form->is_signed >> i & 1);
  return form;
}

static const struct tb_reg_form *tb_reg_decode(struct tb_translator *r) { return tb_threaded_decode(&r->at, r->numbers); }

/* --- before: targets, counts, where the function ends ------------------------------------------------------------- */

static void tb_reg_target(struct tb_translator *r, u32 target, u32 *furthest) {
  if (!r->labels[target]) r->labels[target] = TB_LABEL_UNKNOWN;
  if (target > *furthest) *furthest = target;
}

static u32 tb_reg_ends(const struct tb_reg_form *form) {
  switch (form->kind) {
    case TB_REG_KIND_JUMP:
    case TB_REG_KIND_TABLE:
    case TB_REG_KIND_TAIL:
    case TB_REG_KIND_TAIL_AT:
    case TB_REG_KIND_RETURN:
    case TB_REG_KIND_HALT: return 1;
    default: return 0;
  }
}

static u32 tb_reg_leb_size(u32 number) {
  u32 size = 1;
  for (; number >>= 7;) size++;
  return size;
}

u32 tb_threaded_table_bytes(const struct tb_reg_form *form, const u32 *row) {
  u32 bytes = form->bytes + tb_reg_leb_size(*row);
  for (u32 i = 0; i <= *row; i++) bytes += tb_reg_leb_size(row[1 + i]);
  return bytes;
}

/* The targets of a branch table; reading goes on behind the bytes that it had in the module: what is left of it there is
 * no code. */
static const u32 *tb_reg_table(struct tb_translator *r, const struct tb_reg_form *form, const u8 *start) {
  const u32 *row = TB_BRANCH_ROW(r->cx, r->numbers[form->target]);
  r->at = start + tb_threaded_table_bytes(form, row);
  return row;
}

/* Labels and counts; the number of bytes of code. Code that nothing reaches does not exist: what ends a function is the
 * first end behind which no branch before goes. */
static u32 tb_reg_survey(struct tb_translator *r) {
  u32 furthest = 0, count = 0;
  for (;;) {
    const u8 *start = r->at;
    r->counts[start - r->code] = count++;
    const struct tb_reg_form *form = tb_reg_decode(r);
    if (form->kind == TB_REG_KIND_JUMP || form->kind == TB_REG_KIND_BRANCH) tb_reg_target(r, r->numbers[form->target], &furthest);
    if (form->kind == TB_REG_KIND_TABLE) {
      const u32 *row = tb_reg_table(r, form, start);
      for (u32 i = 0; i <= *row; i++) tb_reg_target(r, row[1 + i], &furthest);
    }
    u32 offset = (u32)(r->at - r->code);
    if (tb_reg_ends(form) && offset > furthest) return offset;
  }
}

/* --- records ------------------------------------------------------------------------------------------------------ */

static struct tb_record *tb_reg_emit(struct tb_translator *r, u32 number) {
  u32 which = r->t->used++;
  struct tb_record *record = &r->t->records[which];
  *record = (struct tb_record){.handler = (s32)number};
  r->t->places[which] = (struct tb_record_place){r->pc, r->count};
  return record;
}

static u32 tb_reg_home(const struct tb_translator *r, u32 index) { return r->home + index; }

/* The slot has another value from now on. */
static void tb_reg_forget(struct tb_translator *r, u32 slot) {
  for (u32 i = 0; i < 2; i++)
    if (r->held[i].slot == slot) r->held[i].slot = TB_REG_NONE;
}

static void tb_reg_forget_all(struct tb_translator *r) {
  r->held[0].slot = r->held[1].slot = r->last = TB_REG_NONE;
}

/* A record reads the slot: whoever wrote it must do so. */
static void tb_reg_reads(struct tb_translator *r, u32 slot) {
  for (u32 i = 0; i < 2; i++)
    if (r->held[i].slot == slot) r->held[i].record = TB_REG_NONE;
}

/* Emits what puts an operand into a slot: accumulators keep what they have. */
static void tb_reg_put(struct tb_translator *r, u32 slot, struct tb_operand operand) {
  static const u8 numbers[] = {TB_REG_COPY, TB_REG_SET, TB_REG_SET_WIDE, TB_REG_SET_POOL};
  struct tb_record *record = tb_reg_emit(r, numbers[operand.kind]);
  record->u[0] = (u16)slot;
  if (operand.kind == TB_OPERAND_SLOT) {
    record->u[1] = (u16)operand.value;
    tb_reg_reads(r, operand.value);
  } else {
    record->imm = (s32)operand.value;
  }
  tb_reg_forget(r, slot);
  r->last = TB_REG_NONE;
}

static u32 tb_reg_is_home(const struct tb_translator *r, u32 index) {
  const struct tb_operand *operand = &r->operands[index];
  return operand->kind == TB_OPERAND_SLOT && operand->value == tb_reg_home(r, index);
}

/* The operand is in its home. Those above that are what that home holds now go before, the highest first: what they are is
 * in homes below theirs. */
static void tb_reg_settle(struct tb_translator *r, u32 index) {
  if (tb_reg_is_home(r, index)) return;
  for (u32 i = r->depth; i-- > index;) {
    struct tb_operand *operand = &r->operands[i];
    if (tb_reg_is_home(r, i) || (i != index && (operand->kind != TB_OPERAND_SLOT || operand->value < tb_reg_home(r, index)))) continue;
    tb_reg_put(r, tb_reg_home(r, i), *operand);
    *operand = (struct tb_operand){TB_OPERAND_SLOT, tb_reg_home(r, i)};
  }
}

/* Operands from `first` on are in their homes. */
static void tb_reg_flush(struct tb_translator *r, u32 first) {
  for (u32 i = r->depth; i-- > first;) tb_reg_settle(r, i);
}

static u32 tb_reg_names(const struct tb_translator *r, u32 slot) {
  u32 found = 0;
  for (u32 i = 0; i < r->depth; i++) found += r->operands[i].kind == TB_OPERAND_SLOT && r->operands[i].value == slot;
  return found;
}

/* A local gets another value: operands that are the old one go home, before the record `last` where there is one. */
static void tb_reg_release(struct tb_translator *r, u32 slot) {
  u32 last = r->last;
  struct tb_record *records = r->t->records;
  if (!tb_reg_names(r, slot)) return;
  for (u32 i = 0; i < r->depth; i++) {
    if (r->operands[i].kind != TB_OPERAND_SLOT || r->operands[i].value != slot) continue;
    tb_reg_settle(r, i);
    /* The copies stand before the record whose result may go to the local. */
    for (; last != TB_REG_NONE && last + 1 < r->t->used; last++) {
      struct tb_record record = records[last];
      struct tb_record_place place = r->t->places[last];
      records[last] = records[last + 1];
      r->t->places[last] = r->t->places[last + 1];
      records[last + 1] = record;
      r->t->places[last + 1] = place;
      for (u32 k = 0; k < 2; k++)
        if (r->held[k].slot != TB_REG_NONE && r->held[k].record == last) r->held[k].record = last + 1;
    }
  }
  r->last = last;
}

static void tb_reg_push(struct tb_translator *r, u32 kind, u32 value) {
  r->operands[r->depth++] = (struct tb_operand){kind, value};
}

/* A result in its home, and in an accumulator. */
static void tb_reg_result(struct tb_translator *r, u32 is_double) {
  u32 slot = tb_reg_home(r, r->depth);
  tb_reg_forget(r, slot);
  r->held[is_double] = (struct tb_held){slot, r->t->used - 1};
  tb_reg_push(r, TB_OPERAND_SLOT, slot);
}

/* --- locals that are set first need not be zero ------------------------------------------------------------------- */

/* The bit of a local; 0 for others. */
static u64 tb_reg_bit(const struct tb_translator *r, u32 slot) {
  u32 local = slot - r->function->parameters - (u32)TB_LINK;
  return local < r->function->locals && local < 64 ? (u64)1 << local : 0;
}

/* From now on a local may be read that has not been set. */
static void tb_reg_may_read(struct tb_translator *r) { r->read = ~(u64)0 ^ r->set; }

/* What is zeroed: from the first to the last local that is not set before it is read. */
static u32 tb_reg_zeroed(const struct tb_translator *r, u32 *first) {
  u32 low = 0, high = r->function->locals;
  while (low < high && low < 64 && r->set >> low & 1) low++;
  while (low < high && high <= 64 && r->set >> (high - 1) & 1) high--;
  *first = low;
  return high - low;
}

/* --- moves -------------------------------------------------------------------------------------------------------- */

static void tb_reg_store(struct tb_translator *r, u32 local, struct tb_operand value) {
  if (value.kind == TB_OPERAND_SLOT && value.value == local) return;
  u32 slot = value.value, made_last = value.kind == TB_OPERAND_SLOT && r->last != TB_REG_NONE && slot >= r->home && r->t->records[r->last].u[0] == slot;
  if (!made_last) r->last = TB_REG_NONE;
  r->set |= tb_reg_bit(r, local) & ~r->read;
  tb_reg_release(r, local);
  if (made_last) {
    /* The result goes to the local; whatever is that result is the local now. */
    r->t->records[r->last].u[0] = (u16)local;
    for (u32 i = 0; i < r->depth; i++)
      if (r->operands[i].kind == TB_OPERAND_SLOT && r->operands[i].value == slot) r->operands[i].value = local;
    for (u32 i = 0; i < 2; i++)
      if (r->held[i].slot == local) r->held[i].slot = TB_REG_NONE;
    for (u32 i = 0; i < 2; i++)
      if (r->held[i].slot == slot) r->held[i].slot = local;
    r->last = TB_REG_NONE;
    return;
  }
  tb_reg_put(r, local, value);
}

static u32 tb_reg_local(const struct tb_translator *r, u32 number, u32 is_far) { return r->numbers[number] + (is_far ? TB_LINK : 0); }

/* What a move's program says next. taken: the operands that it takes. */
static struct tb_operand tb_reg_source(struct tb_translator *r, const u8 **at, const struct tb_operand *taken) {
  const u8 *from = *at;
  *at += 2;
  switch (from[0]) {
    case TB_REG_FROM_PARAMETER: return taken[from[1]];
    case TB_REG_FROM_I32: return (struct tb_operand){TB_OPERAND_I32, r->numbers[from[1]]};
    case TB_REG_FROM_I64: return (struct tb_operand){TB_OPERAND_I64, r->numbers[from[1]]};
    case TB_REG_FROM_LOCAL:
    case TB_REG_FROM_FAR: {
      u32 slot = tb_reg_local(r, from[1], from[0] == TB_REG_FROM_FAR);
      r->read |= tb_reg_bit(r, slot) & ~r->set;
      return (struct tb_operand){TB_OPERAND_SLOT, slot};
    }
    case TB_REG_FROM_POOL: return (struct tb_operand){TB_OPERAND_POOL, r->numbers[from[1]]};
    default:
      *at = from + 5;
      return (struct tb_operand){from[0] == TB_REG_FROM_WIDE ? TB_OPERAND_I64 : TB_OPERAND_I32, tb_load_u32(from + 1)};
  }
}

/* Operands from `first` on that are slots above their own home, or are to be exchanged with such, are moved there. */
static void tb_reg_arrange(struct tb_translator *r, u32 first) {
  u32 above = 0;
  for (u32 i = first; i < r->depth; i++) above |= r->operands[i].kind == TB_OPERAND_SLOT && r->operands[i].value > tb_reg_home(r, i);
  if (!above) return;
  for (;;) {
    u32 waiting = TB_REG_NONE, free = TB_REG_NONE;
    for (u32 i = first; i < r->depth && free == TB_REG_NONE; i++) {
      const struct tb_operand *operand = &r->operands[i];
      if (operand->kind != TB_OPERAND_SLOT || operand->value < tb_reg_home(r, first) || tb_reg_is_home(r, i)) continue;
      waiting = i;
      u32 read = 0;
      for (u32 other = first; other < r->depth; other++)
        read |= other != i && r->operands[other].kind == TB_OPERAND_SLOT && r->operands[other].value == tb_reg_home(r, i);
      if (!read) free = i;
    }
    if (waiting == TB_REG_NONE) return;
    if (free != TB_REG_NONE) {
      tb_reg_put(r, tb_reg_home(r, free), r->operands[free]);
      r->operands[free].value = tb_reg_home(r, free);
      continue;
    }
    /* A ring: what is in the two slots changes place. */
    u32 a = tb_reg_home(r, waiting), b = r->operands[waiting].value;
    struct tb_record *record = tb_reg_emit(r, TB_REG_SWAP);
    record->u[0] = (u16)a;
    record->u[1] = (u16)b;
    tb_reg_forget(r, a);
    tb_reg_forget(r, b);
    r->last = TB_REG_NONE;
    for (u32 i = first; i < r->depth; i++) {
      struct tb_operand *operand = &r->operands[i];
      if (operand->kind != TB_OPERAND_SLOT || (operand->value != a && operand->value != b)) continue;
      operand->value = operand->value == a ? b : a;
    }
  }
}

static void tb_reg_move(struct tb_translator *r, const struct tb_reg_form *form) {
  const u8 *program = tb_reg_moves + form->first;
  struct tb_operand taken[TB_REG_MOST_MOVED + 1], set = {0, 0};
  u32 sets = *program++, local = 0, first = r->depth - form->takes;
  for (u32 i = 0; i < form->takes; i++) taken[i] = r->operands[first + i];
  if (sets) {
    local = tb_reg_local(r, *program & 0x7f, *program >> 7);
    program++;
    set = tb_reg_source(r, &program, taken);
  }
  r->depth = first;
  for (u32 i = 0; i < form->gives; i++) r->operands[r->depth++] = tb_reg_source(r, &program, taken);
  tb_reg_arrange(r, first);
  if (sets) tb_reg_store(r, local, set);
}

/* --- what computes ------------------------------------------------------------------------------------------------ */

static u32 tb_reg_is_held(const struct tb_translator *r, const struct tb_reg_form *form, u32 index, const struct tb_operand *operand) {
  return operand->kind == TB_OPERAND_SLOT && r->held[form->doubles >> index & 1].slot == operand->value;
}

/* The variant that costs least: of the form's operands from `first` on. */
static u32 tb_reg_choose(const struct tb_translator *r, const struct tb_reg_form *form, u32 first, u32 second) {
  u32 best = TB_REG_NONE, least = TB_REG_NONE;
  for (u32 v = 0; v < form->variants; v++) {
    u32 code = tb_reg_codes[form->first - TB_REG_FIXED + v], cost = 0, fits = (code & TB_REG_SECOND) == second;
    for (u32 i = 0; i < form->takes && fits; i++) {
      const struct tb_operand *operand = &r->operands[first + i];
      u32 is_held = tb_reg_is_held(r, form, i, operand);
      switch (code >> 2 * i & 3) {
        case TB_REG_S: cost += operand->kind != TB_OPERAND_SLOT ? 4 : is_held; break;
        case TB_REG_A: fits = is_held; break;
        case TB_REG_I: fits = operand->kind == TB_OPERAND_I32 || operand->kind == TB_OPERAND_I64; break;
        default: fits = operand->kind == TB_OPERAND_POOL;
      }
    }
    if (fits && cost < least) {
      least = cost;
      best = form->first + v;
    }
  }
  return best;
}

static u32 tb_reg_code(u32 variant) { return tb_reg_codes[variant - TB_REG_FIXED]; }

/* An operand is read from an accumulator: where nothing else will read its slot, the record that made it need not
 * write it. */
static void tb_reg_spare(struct tb_translator *r, const struct tb_reg_form *form, u32 index, u32 first, u32 code) {
  const struct tb_operand *operand = &r->operands[first + index];
  struct tb_held *held = &r->held[form->doubles >> index & 1];
  if (operand->value < r->home || held->record == TB_REG_NONE) return; /* a local; it was read before */
  for (u32 i = 0; i < form->takes; i++)
    if (i != index && (code >> 2 * i & 3) == TB_REG_S && r->operands[first + i].kind == TB_OPERAND_SLOT && r->operands[first + i].value == operand->value) return;
  for (u32 i = 0; i < first; i++)
    if (r->operands[i].kind == TB_OPERAND_SLOT && r->operands[i].value == operand->value) return;
  struct tb_record *record = &r->t->records[held->record];
  u32 variant = (u32)record->handler;
  if (variant < TB_REG_FIXED || record->u[0] != operand->value) return;
  u32 other = tb_reg_seconds[variant - TB_REG_FIXED];
  if (other) record->handler = (s32)other;
}

/* Fields of a record: slots in order, then what takes 32 bits. kept: the immediates, before those of operands. */
static void tb_reg_fields(struct tb_translator *r, const struct tb_reg_form *form, struct tb_record *record, u32 first, u32 code) {
  u32 slots = form->gives != 0, words = 0;
  for (u32 i = 0; i < form->numbers; i++) {
    if (!(form->kept >> i & 1)) continue;
    if (words++)
      record->w[1] = (s32)r->numbers[i];
    else
      record->imm = (s32)r->numbers[i];
  }
  for (u32 i = 0; i < form->takes; i++) {
    u32 kind = code >> 2 * i & 3, value = r->operands[first + i].value;
    if (kind == TB_REG_S) {
      record->u[slots++] = (u16)value;
    } else if (kind != TB_REG_A) {
      if (words++)
        record->w[1] = (s32)value;
      else
        record->imm = (s32)value;
    }
  }
}

/* Locals that the form sets itself. */
static void tb_reg_sets(struct tb_translator *r, const struct tb_reg_form *form) {
  for (u32 i = 0; i < form->numbers; i++) {
    if (!(form->sets >> i & 1)) continue;
    u32 slot = tb_reg_local(r, i, form->fars >> i & 1);
    r->last = TB_REG_NONE;
    tb_reg_release(r, slot);
    tb_reg_forget(r, slot);
  }
}

/* Emits the record of a form whose operands are anywhere; takes them. */
static struct tb_record *tb_reg_compute(struct tb_translator *r, const struct tb_reg_form *form, u32 second) {
  tb_reg_sets(r, form);
  u32 first = r->depth - form->takes, variant = tb_reg_choose(r, form, first, second), code = tb_reg_code(variant);
  for (u32 i = 0; i < form->takes; i++)
    if ((code >> 2 * i & 3) == TB_REG_S && r->operands[first + i].kind != TB_OPERAND_SLOT) tb_reg_settle(r, first + i);
  for (u32 i = 0; i < form->takes; i++)
    if ((code >> 2 * i & 3) == TB_REG_A) tb_reg_spare(r, form, i, first, code);
  struct tb_record *record = tb_reg_emit(r, variant);
  tb_reg_fields(r, form, record, first, code);
  for (u32 i = 0; i < form->takes; i++)
    if ((code >> 2 * i & 3) == TB_REG_S) tb_reg_reads(r, r->operands[first + i].value);
  r->depth = first;
  r->last = TB_REG_NONE;
  if (form->gives) {
    record->u[0] = (u16)tb_reg_home(r, first);
    tb_reg_result(r, form->doubles >> 7);
    r->last = r->t->used - 1;
  }
  return record;
}

/* The same for a form whose operands are at home: further immediates stand in records behind it, from `behind` on. */
static struct tb_record *tb_reg_compute_home(struct tb_translator *r, const struct tb_reg_form *form, u32 variant, u32 words, u32 behind) {
  /* A collector finds references by their homes, below the operands too. */
  tb_reg_flush(r, form->flags & (TB_REG_SAFEPOINT | TB_REG_FRAME) ? 0 : r->depth - form->takes);
  struct tb_record *record = tb_reg_emit(r, variant);
  record->u[0] = (u16)tb_reg_home(r, r->depth - form->takes);
  u32 used = 0;
  for (u32 skip = 1; skip < behind; skip++) tb_reg_emit(r, TB_REG_EXIT);
  for (u32 i = 0; i < form->numbers; i++) {
    if (!(form->kept >> i & 1)) continue;
    if (used >= words)
      tb_reg_emit(r, TB_REG_EXIT)->imm = (s32)r->numbers[i];
    else if (used)
      record->w[1] = (s32)r->numbers[i];
    else
      record->imm = (s32)r->numbers[i];
    used++;
  }
  r->depth -= form->takes;
  if (form->flags & (TB_REG_SAFEPOINT | TB_REG_FRAME)) tb_reg_forget_all(r);
  r->last = TB_REG_NONE;
  tb_reg_sets(r, form);
  for (u32 i = 0; i < form->gives; i++) tb_reg_result(r, form->doubles >> 7);
  if (form->gives > 1) tb_reg_forget_all(r);
  return record;
}

/* What a call takes and gives that is found when it runs: what a function's type says; what is known of a method, the
 * `which`-th that the function calls. */
static inline TB_UNUSED struct tb_reg_callee tb_reg_of_type(struct tb_context *cx, u32 type) {
  u32 counts = tb_register_types(cx)[type];
  return (struct tb_reg_callee){counts & 0xffff, counts >> 16};
}
static inline TB_UNUSED struct tb_reg_callee tb_reg_of_method(struct tb_context *cx, u32 parameters, u32 function, u32 which) {
  return (struct tb_reg_callee){parameters, tb_register_results(cx)[tb_register_results_at(cx)[function] + which]};
}

/* --- transfers ---------------------------------------------------------------------------------------------------- */

/* The fuel of a taken branch: what the register has too much there. */
static s32 tb_reg_cost(const struct tb_translator *r, u32 target) { return (s32)(r->count - r->counts[target]); }

/* The distance from a record to a branch's target, which has the present depth. */
static void tb_reg_aim(struct tb_translator *r, u32 record, u32 target) {
  tb_reg_may_read(r);
  u32 label = r->labels[target];
  if (label & TB_LABEL) {
    r->labels[target] = TB_LABEL | r->depth;
    r->forwards[r->forward_count++] = (struct tb_forward){record, target};
  } else {
    r->t->records[record].w[1] = (s32)(label - record) * (s32)sizeof(struct tb_record);
  }
}

static u32 tb_reg_backward(const struct tb_translator *r, u32 target) { return r->code + target < r->at; }

static void tb_reg_branch(struct tb_translator *r, const struct tb_reg_form *form) {
  u32 target = r->numbers[form->target], second = TB_REG_POLLS && tb_reg_backward(r, target) ? TB_REG_SECOND : 0, at;
  s32 cost = tb_reg_cost(r, target);
  if (form->flags & TB_REG_AT_HOME) {
    tb_reg_flush(r, 0);
    u32 variant = form->first + (second && form->variants > 1);
    struct tb_record *record = tb_reg_compute_home(r, form, variant, 0, 1);
    at = (u32)(record - r->t->records);
    record->imm = cost;
  } else {
    u32 first = r->depth - form->takes, depth = r->depth;
    for (u32 i = first; i-- > 0;) tb_reg_settle(r, i);
    if (cost != (s16)cost) /* there is no room for it beside an immediate */
      for (u32 i = first; i < depth; i++)
        if (r->operands[i].kind != TB_OPERAND_SLOT) tb_reg_settle(r, i);
    struct tb_record *record = tb_reg_compute(r, form, second);
    u32 code = tb_reg_code((u32)record->handler), word = 0;
    for (u32 i = 0; i < form->takes; i++) {
      word |= (code >> 2 * i & 2) != 0;
      /* Handlers leave nothing there. */
      if ((code >> 2 * i & 3) == TB_REG_A) r->held[form->doubles >> i & 1].slot = TB_REG_NONE;
    }
    at = (u32)(record - r->t->records);
    if (word)
      record->u[1] = (u16)cost;
    else
      record->imm = cost;
  }
  tb_reg_aim(r, at, target);
  /* What is left is read at home where the branch goes. */
  r->held[0].record = r->held[1].record = TB_REG_NONE;
}

static void tb_reg_jump(struct tb_translator *r, const struct tb_reg_form *form) {
  u32 target = r->numbers[form->target];
  tb_reg_flush(r, 0);
  u32 back = TB_REG_POLLS && tb_reg_backward(r, target);
  struct tb_record *record = tb_reg_emit(r, back ? TB_REG_JUMP_BACK : TB_REG_JUMP);
  record->imm = tb_reg_cost(r, target);
  tb_reg_aim(r, (u32)(record - r->t->records), target);
}

/* A record for each target, behind that of the branch: distance from there, fuel. */
static void tb_reg_jump_table(struct tb_translator *r, const struct tb_reg_form *form, const u32 *row) {
  tb_reg_flush(r, 0);
  struct tb_record *record = tb_reg_compute_home(r, form, form->first, 0, 1);
  record->imm = (s32)*row;
  for (u32 i = 0; i <= *row; i++) {
    struct tb_record *each = tb_reg_emit(r, TB_REG_EXIT);
    each->imm = tb_reg_cost(r, row[1 + i]);
    tb_reg_aim(r, (u32)(each - r->t->records), row[1 + i]);
  }
}

/* What a call leaves: its results take the place of its arguments. */
static void tb_reg_called(struct tb_translator *r, u32 parameters, u32 results) {
  r->depth -= parameters;
  tb_reg_forget_all(r);
  for (u32 i = 0; i < results; i++) tb_reg_result(r, 0);
  if (results != 1) tb_reg_forget_all(r);
}

static void tb_reg_call(struct tb_translator *r, const struct tb_reg_form *form) {
  const struct tb_function *callee = &tb_functions(r->cx)[r->numbers[form->target]];
  u32 parameters = callee->parameters;
  /* A collector looks for references at home, also below the arguments. */
  tb_reg_flush(r, TB_REG_COLLECTS ? 0 : r->depth - parameters);
  struct tb_record *record = tb_reg_emit(r, TB_REG_LINK);
  record->u[0] = (u16)tb_reg_home(r, r->depth - parameters);
  record->u[1] = (u16)tb_reg_home(r, r->depth);
  record->w[1] = (s32)r->count;
  record->imm = (s32)(r->numbers[form->target] << 1 | 1);
  tb_reg_called(r, parameters, callee->results);
}

static struct tb_reg_callee tb_reg_effect(struct tb_translator *r, const struct tb_reg_form *form) {
  u32 named = r->numbers[form->target];
  if (form->flags & TB_REG_BY_TYPE) return TB_REG_TYPE(r->cx, named);
  if (form->flags & TB_REG_BY_INTERFACE) return TB_REG_INTERFACE(r->cx, r->function_number, named, r->calls++);
  return TB_REG_METHOD(r->cx, r->function_number, named, r->calls++);
}

/* What is called is found when it runs: the record behind is what its return comes back to, as behind CALL. */
static void tb_reg_call_at(struct tb_translator *r, const struct tb_reg_form *form) {
  struct tb_reg_callee callee = tb_reg_effect(r, form);
  tb_reg_flush(r, TB_REG_COLLECTS ? 0 : r->depth - form->takes - callee.parameters);
  tb_reg_compute_home(r, form, form->first, 2, 2);
  struct tb_record *record = r->t->records + r->t->used - 1 - form->extensions;
  record->u[0] = (u16)tb_reg_home(r, r->depth - callee.parameters);
  record->u[1] = (u16)tb_reg_home(r, r->depth);
  record->w[1] = (s32)r->count;
  tb_reg_called(r, callee.parameters, callee.results);
}

/* The record behind a call that takes this frame's place: where the arguments are, this frame's link, what it counts. */
static void tb_reg_leave(struct tb_translator *r, struct tb_record *record, u32 parameters) {
  record->u[0] = (u16)tb_reg_home(r, r->depth - parameters);
  record->u[1] = r->function->parameters;
  record->w[1] = (s32)r->count;
  record->imm = r->function->cells;
}

static void tb_reg_tail(struct tb_translator *r, const struct tb_reg_form *form) {
  const struct tb_function *callee = &tb_functions(r->cx)[r->numbers[form->target]];
  tb_reg_flush(r, r->depth - callee->parameters);
  tb_reg_emit(r, TB_REG_TAIL)->imm = (s32)r->numbers[form->target];
  tb_reg_leave(r, tb_reg_emit(r, TB_REG_EXIT), callee->parameters);
}

static void tb_reg_tail_at(struct tb_translator *r, const struct tb_reg_form *form) {
  struct tb_reg_callee callee = tb_reg_effect(r, form);
  tb_reg_flush(r, r->depth - form->takes - callee.parameters);
  tb_reg_compute_home(r, form, form->first, 2, 2);
  tb_reg_leave(r, r->t->records + r->t->used - 1 - form->extensions, callee.parameters);
}

static void tb_reg_return(struct tb_translator *r) {
  u32 results = r->function->results, number = TB_REG_RETURN, value = 0, first = r->depth - results;
  if (results == 1) {
    static const u8 numbers[] = {TB_REG_RETURN_S, TB_REG_RETURN_I, TB_REG_RETURN_W, TB_REG_RETURN_P};
    const struct tb_operand *operand = &r->operands[first];
    number = numbers[operand->kind];
    value = operand->value;
    if (operand->kind == TB_OPERAND_SLOT && r->held[0].slot == value) number = TB_REG_RETURN_A;
    if (operand->kind == TB_OPERAND_SLOT && r->held[1].slot == value && TB_REG_DOUBLES) number = TB_REG_RETURN_D;
  } else if (results) {
    tb_reg_flush(r, first);
    number = TB_REG_RETURN_N;
  }
  struct tb_record *record = tb_reg_emit(r, number);
  record->u[0] = r->function->parameters;
  record->u[1] = r->function->cells;
  record->w[1] = (s32)r->count;
  record->imm = (s32)value;
  if (number != TB_REG_RETURN_N) return;
  record = tb_reg_emit(r, TB_REG_EXIT);
  record->u[0] = (u16)tb_reg_home(r, first);
  record->imm = (s32)results;
}

/* A transfer that has work to do before it. */
static void tb_reg_before(struct tb_translator *r, const struct tb_reg_form *form) {
  if (!form->variants) return;
  if (form->flags & TB_REG_AT_HOME)
    tb_reg_compute_home(r, form, form->first, 2, 1);
  else
    tb_reg_compute(r, form, 0);
}

/* Translates an instruction; whether control goes on behind it. */
static u32 tb_reg_instruction(struct tb_translator *r) {
  const u8 *start = r->at;
  const struct tb_reg_form *form = tb_reg_decode(r);
  const u32 *row = form->kind == TB_REG_KIND_TABLE ? tb_reg_table(r, form, start) : 0;
  r->pc = (u32)(r->at - tb_code(r->cx));
  r->count = r->counts[start - r->code] + 1;
  if (form->flags & TB_REG_LOCALS || (TB_REG_COLLECTS && form->flags & TB_REG_SAFEPOINT)) tb_reg_may_read(r);
  switch (form->kind) {
    case TB_REG_KIND_MOVE: tb_reg_move(r, form); break;
    case TB_REG_KIND_COMPUTE: tb_reg_compute(r, form, 0); break;
    case TB_REG_KIND_HOME: tb_reg_compute_home(r, form, form->first, 2, 1); break;
    case TB_REG_KIND_BRANCH: tb_reg_branch(r, form); break;
    case TB_REG_KIND_TABLE: tb_reg_jump_table(r, form, row); break;
    case TB_REG_KIND_CALL_AT: tb_reg_call_at(r, form); break;
    case TB_REG_KIND_TAIL_AT: tb_reg_tail_at(r, form); break;
    default: /* HALT among them */
      tb_reg_before(r, form);
      if (form->kind == TB_REG_KIND_JUMP) tb_reg_jump(r, form);
      if (form->kind == TB_REG_KIND_CALL) tb_reg_call(r, form);
      if (form->kind == TB_REG_KIND_TAIL) tb_reg_tail(r, form);
      if (form->kind == TB_REG_KIND_RETURN) tb_reg_return(r);
  }
  return !tb_reg_ends(form);
}

/* The depth of the operand stack where a shape says so; it is empty elsewhere. */
static u32 tb_reg_shape(struct tb_context *cx, u32 function, u32 offset) {
  const u32 *sizes = tb_register_sizes(cx), *row = sizes + TB_REG_SIZES;
  for (u32 left = sizes[TB_REG_SHAPES]; left; left--, row += 3)
    if (row[0] == function && row[1] == offset) return row[2];
  return 0;
}

/* --- functions ---------------------------------------------------------------------------------------------------- */

/* Control arrives at a target: `falls`, also from above. */
static void tb_reg_arrive(struct tb_translator *r, u32 offset, u32 falls) {
  u32 label = r->labels[offset];
  if (!falls) {
    r->depth = label == TB_LABEL_UNKNOWN ? tb_reg_shape(r->cx, r->function_number, offset) : label & ~TB_LABEL;
    for (u32 i = 0; i < r->depth; i++) r->operands[i] = (struct tb_operand){TB_OPERAND_SLOT, tb_reg_home(r, i)};
  }
  tb_reg_flush(r, 0);
  tb_reg_forget_all(r);
  tb_reg_may_read(r);
  r->labels[offset] = r->t->used;
}

/* Room in the scratch memory. */
static void tb_reg_lay_out(struct tb_translator *r) {
  u32 longest = tb_register_sizes(r->cx)[TB_REG_LONGEST];
  r->labels = (u32 *)(void *)r->t->scratch;
  r->counts = r->labels + longest;
  r->forwards = (struct tb_forward *)(void *)(r->counts + longest);
  r->operands = (struct tb_operand *)(void *)(r->forwards + longest);
}

u32 tb_threaded_translate(struct tb_context *cx, u32 number) {
  struct tb_threaded *t = TB_THREADED(cx);
  const struct tb_function *function = &tb_functions(cx)[number];
  if (TB_FUNCTIONS_BEYOND != 0 && number >= tb_register_sizes(cx)[TB_REG_FUNCTIONS]) {
    /* Functions that came later share what is the same: who asks which one it is knows by cx->function. */
    for (u32 i = 0; i < t->functions; i++)
      if (tb_functions(cx)[t->starts[i].function].code == function->code) return t->entries[number] = t->entries[t->starts[i].function];
  }
  struct tb_translator translator = {.cx = cx, .t = t, .function = function, .function_number = number}, *r = &translator;
  tb_reg_lay_out(r);
  r->code = r->at = tb_code(cx) + function->code;
  u32 size = tb_reg_survey(r);
  r->at = r->code;
  r->home = function->parameters + (u32)TB_LINK + function->locals;
  r->pc = function->code;
  u32 start = t->used, header = start, falls = 1, first;
  t->starts[t->functions++] = (struct tb_record_start){start, number};
  tb_reg_emit(r, TB_REG_EXIT);
  if (function->locals) tb_reg_emit(r, TB_REG_ZERO);
  tb_reg_forget_all(r);
  while (r->at != r->code + size) {
    u32 offset = (u32)(r->at - r->code);
    if (r->labels[offset] || !falls) tb_reg_arrive(r, offset, falls);
    falls = tb_reg_instruction(r);
  }
  for (u32 i = 0; i < r->forward_count; i++) {
    struct tb_forward *each = &r->forwards[i];
    t->records[each->record].w[1] = (s32)(r->labels[each->target] - each->record) * (s32)sizeof(struct tb_record);
  }
  for (u32 i = 0; i < size; i++) r->labels[i] = 0;
  /* Locals that need not be zero: the header takes the record's place. */
  struct tb_record *zero = &t->records[start + 1];
  u32 zeroed = tb_reg_zeroed(r, &first);
  if (zeroed) {
    zero->u[0] = (u16)(function->parameters + TB_LINK + first);
    zero->imm = (s32)zeroed;
  } else if (function->locals) {
    zero->handler = TB_REG_EXIT;
    header++;
  }
  t->records[header].u[0] = function->cells;
  tb_threaded_fuse(r->cx, t->records + start, t->used - start);
  t->entries[number] = header + 1;
  return header + 1;
}
