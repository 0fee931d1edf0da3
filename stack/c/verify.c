/* The verifier: stack/verify.py in C, over tables that are generated from the opcodes' signatures.
 *
 * A stack of types is a node above another; nodes are numbered from 1, which is the empty stack, and lie below
 * the arrays of the function that is checked:
 *
 *     module->low ...  | <- nodes | expect | entered | flags | branches |
 *
 * expect[offset]: what arrives there must fit; entered[offset]: the stack that an instruction began with; 0: none. */
#include "tb_verify.h"
#include "tb_classes.h"

enum { TB_EMPTY = 1, TB_MEMO = 1024, TB_SHARED = 64, TB_CORE_PREFIX = 0xff };
enum { TB_TARGET = 1, TB_CUT = 2, TB_REACHED = 4, TB_SHAPE = 8, TB_TAKEN = 16 };

/* references: the nearest node, this one or below, that is one. */
struct tb_types {
  u32 below, code, depth, references;
};
struct tb_branch {
  u32 from, to;
};
/* Pairs of stacks of which the first fits the second: some are remembered, so that deep stacks are not compared all
 * the way again. */
struct tb_pair {
  u32 here, there;
};

struct tb_verifier {
  struct tb_module *module;
  struct tb_types *nodes;
  u32 *expect, *entered;
  u8 *flags;
  struct tb_branch *branches;
  u32 used, branch_count, map_cells, deepest;
  u32 size, first_local, locals, results, first_type; /* of the function */
  const struct tb_page *prefixed[256];
  u8 last[256]; /* the highest opcode that the file uses of the page with this prefix */
  u32 pending;  /* the stack of the reference map of this instruction, 0 for none */
  u32 codes[TB_VARIABLES + TB_TYPE_MODULE], owner; /* owner: the class or interface that an immediate has named */
  struct tb_instruction instruction;
  u32 remembers;
  u64 moved;
  struct tb_pair memo[TB_MEMO];
};

static void tb_check_that(struct tb_verifier *v, u32 condition, const char *message) {
  tb_require(v->module, condition, message);
}

/* --- stacks --------------------------------------------------------------------------------------------------- */

static struct tb_types *tb_node(struct tb_verifier *v, u32 number) { return v->nodes - number; }

static u32 tb_push(struct tb_verifier *v, u32 stack, u32 code) {
  struct tb_types *node = tb_module_lend(v->module, sizeof *node);
  u32 number = ++v->used;
  node->below = stack;
  node->code = code;
  node->depth = tb_node(v, stack)->depth + 1;
  node->references = tb_is_reference(code) ? number : tb_node(v, stack)->references;
  return number;
}

static u32 tb_may_be(const struct tb_verifier *v, u32 given, u32 wanted) { return tb_assignable(v->module, given, wanted); }

static struct tb_pair *tb_memo(struct tb_verifier *v, u32 here, u32 there) {
  return &v->memo[(here * 2654435761u ^ there * 2246822519u) >> 16 & (TB_MEMO - 1)];
}

static u32 tb_fits(struct tb_verifier *v, u32 stack, u32 wanted) {
  u32 here = stack, there = wanted;
  if (tb_node(v, here)->depth != tb_node(v, there)->depth) return 0;
  while (here != there && here != TB_EMPTY) {
    const struct tb_types *a = tb_node(v, here), *b = tb_node(v, there);
    if (!tb_may_be(v, a->code, b->code)) return 0;
    if (a->depth % TB_SHARED == 0) {
      const struct tb_pair *known = tb_memo(v, here, there);
      if (known->here == here && known->there == there) break;
    }
    here = a->below;
    there = b->below;
  }
  for (u32 end = here; stack != end; stack = tb_node(v, stack)->below, wanted = tb_node(v, wanted)->below)
    if (tb_node(v, stack)->depth % TB_SHARED == 0) {
      *tb_memo(v, stack, wanted) = (struct tb_pair){stack, wanted};
      v->remembers = 1;
    }
  return 1;
}

/* --- reference maps ------------------------------------------------------------------------------------------- */

/* This instruction is a safepoint with *stack* below what it takes. */
static void tb_safepoint(struct tb_verifier *v, u32 stack) {
  for (u32 each = tb_node(v, stack)->references; each; each = tb_node(v, tb_node(v, each)->below)->references) {
    v->pending = stack;
    tb_check_that(v, ++v->map_cells <= TB_MAX_MAP_CELLS, "the reference maps of the module are too large");
  }
}

static void tb_put_map(struct tb_verifier *v) {
  if (!v->pending) return;
  u32 count = 0;
  tb_module_put_word(v->module, v->instruction.after);
  u8 *at = v->module->low;
  tb_module_put_word(v->module, 0);
  for (u32 each = tb_node(v, v->pending)->references; each; each = tb_node(v, tb_node(v, each)->below)->references) {
    tb_module_put_word(v->module, tb_node(v, each)->depth - 1);
    count++;
  }
  tb_store_u32(at, count);
  u32 *slots = (u32 *)(void *)(at + 4); /* the deepest first */
  for (u32 i = 0; i < count / 2; i++) {
    u32 slot = slots[i];
    slots[i] = slots[count - 1 - i];
    slots[count - 1 - i] = slot;
  }
}

/* --- control -------------------------------------------------------------------------------------------------- */

static void tb_arrive(struct tb_verifier *v, u32 stack, u32 at) {
  tb_check_that(v, tb_fits(v, stack, v->expect[at]), "the operand stack arrives otherwise than where it goes on expects it");
}

static void tb_branch_to(struct tb_verifier *v, u32 stack, u32 target) {
  u32 at = v->instruction.at;
  tb_check_that(v, target < v->size, "a branch leaves the function");
  v->branches[v->branch_count++] = (struct tb_branch){at, target};
  v->flags[target] |= TB_TARGET;
  if (target <= at) tb_safepoint(v, stack);
  if (!v->expect[target]) v->expect[target] = target > at ? stack : v->entered[target] ? v->entered[target] : TB_EMPTY;
  tb_arrive(v, stack, target);
}

/* To each of the targets of a branch table once: *count* of them and the default. */
static void tb_branch_to_all(struct tb_verifier *v, u32 stack, u32 count) {
  const u8 *end = v->instruction.code + v->size;
  for (u32 pass = 0; pass < 2; pass++) {
    const u8 *at = v->instruction.targets;
    for (u32 i = 0; i <= count; i++) {
      s32 target = 0;
      tb_module_leb(&at, end, TB_LEB_UNSIGNED, &target); /* it was read before */
      if (pass) {
        v->flags[target] &= (u8)~TB_TAKEN;
      } else if ((u32)target >= v->size || !(v->flags[target] & TB_TAKEN)) {
        tb_branch_to(v, stack, (u32)target);
        v->flags[target] |= TB_TAKEN;
      }
    }
  }
}

/* Calls and returns may move as many cells as stack/verify.py says: a call of a few bytes may take thousands. */
static void tb_move(struct tb_verifier *v, u64 cells) {
  v->moved += cells;
  u64 limit = TB_FREE_MOVES + TB_MOVES_PER_BYTE * (u64)v->module->code.size;
  tb_check_that(v, v->moved <= limit, "the calls and returns of the module move too many cells");
}

static u32 tb_take(struct tb_verifier *v, u32 stack, u32 wanted) {
  tb_check_that(v, tb_node(v, stack)->depth && tb_may_be(v, tb_node(v, stack)->code, wanted), "an argument or a result has another type");
  return tb_node(v, stack)->below;
}

/* Takes cells of the types at *first* of the type list; what is below them. */
static u32 tb_take_listed(struct tb_verifier *v, u32 stack, u32 first, u32 count) {
  tb_check_that(v, tb_node(v, stack)->depth >= count, "it takes more operands than the stack has");
  while (count--) stack = tb_take(v, stack, tb_module_word(v->module, TB_SECTION_TYPE_LIST, first + count));
  return stack;
}

/* Every instruction can be reached from the first one: by falling through, or by branches. A region reaches from one
 * leader (a target, or what nothing falls through to) to the next. */
static void tb_check_reached(struct tb_verifier *v) {
  u32 *work = v->expect, waiting = 1;
  work[0] = 0;
  v->flags[0] |= TB_REACHED | TB_TARGET;
  while (waiting) {
    u32 leader = work[--waiting], end = leader + 1, low = 0, high = v->branch_count;
    while (end < v->size && !(v->flags[end] & (TB_TARGET | TB_CUT))) end++;
    while (low < high) { /* branches are in order of where they are */
      u32 middle = (low + high) / 2;
      if (v->branches[middle].from < leader)
        low = middle + 1;
      else
        high = middle;
    }
    u32 to = end < v->size && !(v->flags[end] & TB_CUT) ? end : leader;
    for (;; low++) {
      if (!(v->flags[to] & TB_REACHED)) {
        v->flags[to] |= TB_REACHED;
        work[waiting++] = to;
      }
      if (low == v->branch_count || v->branches[low].from >= end) break;
      to = v->branches[low].to;
    }
  }
  for (u32 at = 0; at < v->size; at++) {
    v->module->offset = at;
    tb_check_that(v, !(v->flags[at] & (TB_TARGET | TB_CUT)) || (v->flags[at] & TB_REACHED), "this code cannot be reached");
  }
}

/* --- one instruction ------------------------------------------------------------------------------------------ */

/* The declared type of a local; the caller has checked the index. */
static u32 tb_local(struct tb_verifier *v, u32 index) {
  if (index < v->instruction.parameters) return tb_module_word(v->module, TB_SECTION_TYPE_LIST, v->first_type + index);
  return tb_module_word(v->module, TB_SECTION_LOCALS, v->first_local + index - v->instruction.parameters);
}

/* Whether what is imported takes the function's parameters and gives its locals. */
static u32 tb_fits_import(struct tb_verifier *v, u32 import) {
  struct tb_type_row type = tb_module_type(v->module, v->module->import_types[import]);
  u32 fits = type.a == v->instruction.parameters && type.a + type.b == v->locals;
  for (u32 i = 0; fits && i < v->locals; i++)
    fits = tb_local(v, i) == tb_module_word(v->module, TB_SECTION_TYPE_LIST, type.first + i);
  return fits;
}

static u32 tb_count_methods(const struct tb_module *m, u32 type) {
  struct tb_type_row row = tb_module_type(m, type);
  return row.kind == TB_KIND_INTERFACE ? row.a : tb_module_kin(m, type)->virtual_count;
}

/* The function type of a method, as the class has it that has the function. */
static u32 tb_method_type(const struct tb_module *m, u32 type, u32 method) {
  struct tb_type_row row = tb_module_type(m, type);
  if (row.kind == TB_KIND_INTERFACE) return tb_module_word(m, TB_SECTION_TYPE_LIST, row.first + method);
  return tb_module_function(m, tb_module_virtual(m, type, method)).type;
}

/* Binds the variable that an immediate of *kind* has; 0, or why it cannot be. */
static const char *tb_bind_immediate(struct tb_verifier *v, u32 kind, u32 variable, u32 value) {
  static const u8 pool_types[] = {0, 1, 3, 2, 4, 7, 7};
  struct tb_module *m = v->module;
  struct tb_type_row row = tb_module_named(m, value);
  u32 *code = &v->codes[variable];
  switch (kind) {
    case TB_IMM_LOCAL:
      if (value >= v->locals) return "there is no such local";
      *code = tb_local(v, value);
      return 0;
    case TB_IMM_GLOBAL:
      if (value >= m->globals) return "there is no such global";
      *code = tb_module_word(m, TB_SECTION_GLOBALS, value);
      return 0;
    case TB_IMM_POOL:
      if (value >= m->constants) return "there is no such constant";
      *code = pool_types[tb_load_u32(m->pool.at + 8 * (u64)value)];
      return 0;
    case TB_IMM_FUNC:
      return value < m->functions ? 0 : "there is no such function";
    case TB_IMM_MEMORY:
      return value < m->memories ? 0 : "there is no such memory";
    case TB_IMM_DATA:
      return value < m->data_segments ? 0 : "there is no such data segment";
    case TB_IMM_TABLE:
      return value < m->tables ? 0 : "there is no such table";
    case TB_IMM_ELEM:
      return value < m->element_segments ? 0 : "there is no such element segment";
    case TB_IMM_IMPORT:
      if (value >= m->imports) return "there is no such import";
      if (m->import_kinds[value]) return "the import is no function";
      return tb_fits_import(v, value) ? 0 : "the import has other types than the function's parameters and locals";
    case TB_IMM_FUNCTYPE:
      return value < m->types && tb_module_type(m, value).kind == TB_KIND_FUNCTION ? 0 : "the type is no function type";
    case TB_IMM_CLASS:
      if (row.kind != TB_KIND_CLASS) return "the type is no class";
      *code = v->owner = value;
      return 0;
    case TB_IMM_INTERFACE:
      if (!TB_CLASSES || row.kind != TB_KIND_INTERFACE) return "the type is no interface";
      *code = v->owner = value;
      return 0;
    case TB_IMM_METHOD: /* stands right behind its class or interface, as a field does */
      return TB_CLASSES && value < tb_count_methods(m, v->owner - TB_TYPE_MODULE) ? 0 : "the type has no such method";
    case TB_IMM_FIELD:
      row = tb_module_named(m, v->owner);
      if (value >= row.a) return "the class has no such field";
      *code = tb_module_word(m, TB_SECTION_TYPE_LIST, row.first + value);
      return 0;
    case TB_IMM_ARRAY:
      if (row.kind != TB_KIND_ARRAY) return "the type is no array";
      code[0] = row.a;
      code[1] = value;
      return 0;
    case TB_IMM_REFTYPE:
      if (!tb_is_reference_kind(row.kind) && (value >= 16 || !tb_is_reference(value)))
        return "the type is no reference type";
      *code = value;
      return 0;
    default: /* plain numbers, targets: the generator of the tables knows no others */
      return 0;
  }
}

static u32 tb_on_stack(u32 code) { return code < 16 && (tb_builtin[code] & TB_BUILTIN_STORED) ? TB_I32 : code; }

static const char *tb_bind_operand(struct tb_verifier *v, u32 pattern, u32 argument, u32 code) {
  u32 *variable = &v->codes[argument], wanted = argument;
  if (pattern == TB_PATTERN_ARRAY_OF) { /* an array of the element type that the argument says */
    struct tb_type_row row = tb_module_named(v->module, code);
    if (row.kind != TB_KIND_ARRAY || row.a != argument) return "an operand is an array of another type";
    u32 *first = &v->codes[TB_VARIABLES + argument];
    if (!*first) *first = code;
    return 0;
  }
  if (pattern == TB_PATTERN_ARRAY) {
    struct tb_type_row row = tb_module_named(v->module, code);
    if (row.kind != TB_KIND_ARRAY) return "an operand is no array";
    if (!variable[1]) variable[1] = code;
    if (!variable[0]) variable[0] = row.a;
    if (variable[0] != row.a) return "an operand is an array of another type";
    wanted = variable[1];
  } else if (pattern != TB_PATTERN_TYPE) {
    if (!*variable) {
      if (pattern == TB_PATTERN_REFERENCE && !tb_is_reference(code)) return "an operand is no reference";
      *variable = code;
    }
    wanted = tb_on_stack(*variable);
  }
  return tb_may_be(v, code, wanted) ? 0 : "an operand has another type";
}

/* Binds the variables of the declaration at *at, which moves to its results; *stack becomes what is below the
 * operands. 0, or why the declaration does not fit. *meant: whether a guard says that no other one is. */
static const char *tb_match(struct tb_verifier *v, const u8 **at, u32 *stack, u32 *meant) {
  const u8 *row = *at;
  const struct tb_instruction *instruction = &v->instruction;
  for (u32 i = 0; i < TB_VARIABLES + TB_TYPE_MODULE; i++) v->codes[i] = 0;
  *meant = *row;
  for (u32 guards = *row++; guards; guards--, row += 5) {
    u32 value = (u32)instruction->immediates[row[0] % TB_GUARD_INTERFACE], holds = value == tb_load_u32(row + 1);
    if (row[0] >= TB_GUARD_INTERFACE) holds = TB_CLASSES && tb_module_named(v->module, value).kind == TB_KIND_INTERFACE;
    if (!holds) {
      *meant = 0;
      return "no form of the instruction has these immediates";
    }
  }
  const char *reason = 0;
  const u8 *variables = row + 1;
  row += 1 + *row;
  for (u32 i = 0; i < instruction->count && !reason; i++)
    reason = tb_bind_immediate(v, instruction->kinds[i], variables[i], (u32)instruction->immediates[i]);
  if (reason) return reason;
  u32 count = *row++;
  if (tb_node(v, *stack)->depth < count) return "it takes more operands than the stack has";
  u32 cell = *stack, codes[255];
  for (u32 i = count; i--; cell = tb_node(v, cell)->below) codes[i] = tb_node(v, cell)->code;
  for (u32 i = 0; i < count && !reason; i++, row += 2) reason = tb_bind_operand(v, row[0], row[1], codes[i]);
  *stack = cell;
  *at = row;
  return reason;
}

static u32 tb_result(const struct tb_verifier *v, u32 pattern, u32 argument) {
  if (pattern == TB_PATTERN_TYPE) return argument;
  if (pattern == TB_PATTERN_ARRAY_OF) return v->codes[TB_VARIABLES + argument];
  return pattern == TB_PATTERN_ARRAY ? v->codes[argument + 1] : tb_on_stack(v->codes[argument]);
}

/* The form that the variables of the declaration choose: they are numbered in order of *ways*. */
static const struct tb_form *tb_choose(const struct tb_verifier *v, const u8 *at) {
  u32 form = 0, variables = at[2];
  for (u32 i = 0; i < variables; i++) {
    u32 code = v->codes[2 * i], ways = at[3 + i];
    form = form * ways + (ways > 1 ? tb_storage[code < 16 ? code : TB_ANY] : 0);
  }
  return &tb_forms[tb_load_u16(at) + form];
}

/* What calls of methods leave, for engines that ask: lent while the code is verified, kept then. */
static void tb_note_results(TB_UNUSED struct tb_module *m, TB_UNUSED u32 is_method, TB_UNUSED u32 count) {
#if TB_METHOD_RESULTS
  if (is_method) m->results[m->result_count++] = (u16)count;
#endif
}

static void tb_begin_results(TB_UNUSED struct tb_module *m) {
#if TB_METHOD_RESULTS
  m->results = tb_module_lend(m, 2 * ((u64)m->code.size / 4)); /* prefix, opcode, class, method */
  m->results_at = tb_module_lend(m, 4 * (u64)m->functions);
  m->result_count = 0;
#endif
}

static void tb_keep_results(TB_UNUSED struct tb_module *m) {
#if TB_METHOD_RESULTS
  u16 *results = tb_module_keep(m, 2 * (u64)m->result_count);
  u32 *results_at = tb_module_keep(m, 4 * (u64)m->functions);
  for (u32 i = 0; i < m->result_count; i++) results[i] = m->results[i];
  for (u32 i = 0; i < m->functions; i++) results_at[i] = m->results_at[i];
  m->results = results;
  m->results_at = results_at;
#endif
}

/* Checks the instruction whose signature is at *at*; the stack behind it, 0 where control does not fall through. */
static u32 tb_instruction(struct tb_verifier *v, const u8 *at, u32 stack) {
  struct tb_module *m = v->module;
  u32 rest = stack, meant = 0, declarations = *at++;
  const char *reason = 0;
  for (;; declarations--) {
    tb_check_that(v, declarations, reason);
    const u8 *declaration = at + 1;
    rest = stack;
    reason = tb_match(v, &declaration, &rest, &meant);
    if (!reason) {
      at = declaration;
      break;
    }
    tb_check_that(v, !meant, reason);
    at += 1 + *at;
  }
  u32 left = rest;
  for (u32 results = *at++; results; results--, at += 2) left = tb_push(v, left, tb_result(v, at[0], at[1]));
  const struct tb_form *form = v->instruction.form = tb_choose(v, at);
  u32 after = left, below = form->safepoint > 1 ? stack : rest, operand = (u32)v->instruction.immediates[form->operand];
  switch (form->transfer) {
    case TB_HALT:
      after = 0;
      break;
    case TB_RETURN:
      tb_move(v, v->results);
      tb_take_listed(v, left, v->first_type + v->instruction.parameters, v->results);
      after = 0;
      break;
    case TB_INVOKE:
    case TB_TAIL_INVOKE: {
      u32 kind = v->instruction.kinds[form->operand], is_tail = form->transfer == TB_TAIL_INVOKE;
      u32 is_method = TB_CLASSES && kind == TB_IMM_METHOD, owner = is_method ? v->owner : 0;
      if (is_method) operand = tb_method_type(m, owner - TB_TYPE_MODULE, operand);
      struct tb_type_row callee = tb_module_type(m, kind == TB_IMM_FUNC ? tb_module_function(m, operand).type : operand);
      tb_note_results(m, is_method, callee.b);
      tb_move(v, (u64)callee.a + callee.b + (is_tail ? v->results : 0));
      after = tb_take_listed(v, left, callee.first + is_method, callee.a - is_method);
      if (is_method) after = tb_take(v, after, owner); /* whatever the function itself takes */
      if (is_tail) { /* nothing of this frame is left when the callee returns */
        tb_check_that(v, callee.b == v->results, "a tail call returns something else than its function");
        after = TB_EMPTY;
      } else {
        below = after;
      }
      for (u32 i = 0; i < callee.b; i++)
        after = tb_push(v, after, tb_module_word(m, TB_SECTION_TYPE_LIST, callee.first + callee.a + i));
      if (is_tail) {
        tb_take_listed(v, after, v->first_type + v->instruction.parameters, v->results);
        after = 0;
      }
      break;
    }
    case TB_JUMP_TABLE:
      tb_branch_to_all(v, left, operand);
      after = 0;
      break;
    case TB_JUMP:
    case TB_JUMP_IF:
      tb_branch_to(v, left, operand);
      if (form->transfer == TB_JUMP) after = 0;
      break;
    default:
      break;
  }
  if (form->safepoint) tb_safepoint(v, below);
  u32 depth = tb_node(v, left)->depth;
  if (after && tb_node(v, after)->depth > depth) depth = tb_node(v, after)->depth;
  if (depth > v->deepest) v->deepest = depth;
  tb_check_that(v, v->locals + v->deepest <= TB_MAX_FRAME, "its frame exceeds 32767 cells");
  return after;
}

/* Reads the instruction at *at*: the signature of its opcode, behind the kinds of the immediates. */
static const u8 *tb_decode(struct tb_verifier *v, u32 at) {
  static const char wrong[] = "an immediate ends too early, exceeds 32 bits or is not in its shortest form";
  struct tb_instruction *instruction = &v->instruction;
  const u8 *here = v->instruction.code + at, *end = v->instruction.code + v->size;
  u32 prefix = *here++, opcode = prefix;
  const struct tb_page *page = prefix == TB_CORE_PREFIX ? 0 : v->prefixed[prefix];
  if (page) {
    tb_check_that(v, here != end, "the code ends behind a prefix byte");
    opcode = *here++;
  } else {
    page = v->prefixed[prefix = TB_CORE_PREFIX];
  }
  u32 known = page && opcode < page->codes && opcode <= v->last[prefix] && page->opcodes[opcode];
  tb_check_that(v, known, "there is no such opcode, in the pages that the module lists");
  const u8 *signature = tb_signatures + page->opcodes[opcode];
  instruction->at = at;
  instruction->count = *signature++;
  instruction->kinds = signature;
  for (u32 i = 0; i < instruction->count; i++) {
    u32 kind = signature[i], how = kind == TB_IMM_IMM_S ? TB_LEB_SIGNED : kind == TB_IMM_IMM_U32 ? TB_LEB_FULL : 0;
    tb_check_that(v, tb_module_leb(&here, end, how, &instruction->immediates[i]), wrong);
    if (kind != TB_IMM_TARGETS) continue;
    u32 left = (u32)instruction->immediates[i];
    tb_check_that(v, (s64)left < end - here, "the code ends inside a branch table");
    instruction->targets = here;
    s32 target;
    do tb_check_that(v, tb_module_leb(&here, end, TB_LEB_UNSIGNED, &target), wrong);
    while (left--);
  }
  instruction->after = (u32)(here - v->instruction.code);
  return signature + instruction->count;
}

/* The module's shapes for the function, from word *shape* on; the word of the first shape behind them. */
static u32 tb_expect_shapes(struct tb_verifier *v, u32 shape) {
  struct tb_module *m = v->module;
  u32 words = m->section[TB_SECTION_SHAPES].size / 4;
  while (shape < words && tb_module_word(m, TB_SECTION_SHAPES, shape) == m->function) {
    u32 at = tb_module_word(m, TB_SECTION_SHAPES, shape + 1), count = tb_module_word(m, TB_SECTION_SHAPES, shape + 2);
    u32 stack = TB_EMPTY;
    shape += 3;
    for (; count; count--) stack = tb_push(v, stack, tb_module_word(m, TB_SECTION_SHAPES, shape++));
    v->expect[at] = stack;
  }
  return shape;
}

/* Room for what is known of the function; nodes go on below it. */
static void tb_begin(struct tb_verifier *v) {
  struct tb_module *m = v->module;
  struct tb_function_row row = tb_module_function(m, m->function);
  struct tb_type_row type = tb_module_type(m, row.type);
  v->instruction.code = m->code.at + row.code;
  v->size = row.size;
  v->instruction.parameters = type.a;
  v->results = type.b;
  v->first_type = type.first;
  v->first_local = row.first;
  v->locals = type.a + row.locals;
  v->branches = tb_module_lend(m, (u64)v->size * sizeof(struct tb_branch));
  v->flags = tb_module_lend(m, v->size);
  v->entered = tb_module_lend(m, (u64)v->size * 4);
  v->expect = tb_module_lend(m, (u64)v->size * 4 + 4);
  __builtin_memset(v->flags, 0, v->size);
  __builtin_memset(v->entered, 0, (u64)v->size * 4);
  __builtin_memset(v->expect, 0, (u64)v->size * 4);
  if (v->remembers) __builtin_memset(v->memo, 0, sizeof v->memo); /* of the function before */
  v->remembers = 0;
  struct tb_types *empty = tb_module_lend(m, sizeof *empty);
  *empty = (struct tb_types){0, 0, 0, 0};
  v->nodes = empty + TB_EMPTY;
  v->used = TB_EMPTY;
  v->branch_count = v->deepest = 0;
}

static u32 tb_verify_function(struct tb_verifier *v, u32 shape) {
  struct tb_module *m = v->module;
  u8 *high = m->high;
  tb_begin(v);
  m->offset = 0;
  u32 first_shape = shape;
  shape = tb_expect_shapes(v, shape);
  u32 stack = TB_EMPTY;
  if (v->size && v->expect[0])
    tb_check_that(v, tb_node(v, v->expect[0])->depth == 0, "a shape says that its operand stack is not empty at its start");
  for (u32 at = 0; at < v->size; at = v->instruction.after) {
    m->offset = at;
    if (!stack) {
      v->flags[at] |= TB_CUT;
      stack = v->expect[at] = v->expect[at] ? v->expect[at] : TB_EMPTY;
    } else if (v->expect[at]) {
      tb_arrive(v, stack, at);
      stack = v->expect[at];
    }
    const u8 *signature = tb_decode(v, at);
    v->entered[at] = stack;
    v->pending = 0;
    stack = tb_instruction(v, signature, stack);
    tb_put_map(v);
    tb_link_instruction(m, &v->instruction);
  }
  m->offset = v->size;
  tb_check_that(v, !stack, "its code runs off its end: end it with RET, HALT or JMP");
  /* Shapes are looked at like targets: something must begin there. */
  for (u32 word = first_shape; word < shape; word += 3 + tb_module_word(m, TB_SECTION_SHAPES, word + 2))
    v->flags[tb_module_word(m, TB_SECTION_SHAPES, word + 1)] |= TB_SHAPE;
  for (u32 at = 0; at < v->size; at++) {
    m->offset = at;
    tb_check_that(v, !(v->flags[at] & (TB_TARGET | TB_SHAPE)) || v->entered[at],
                  "a branch or a shape names an offset at which no instruction starts");
  }
  tb_check_reached(v);
  m->offset = -1;
  tb_check_that(v, tb_module_function(m, m->function).max_stack == v->deepest,
                "max_stack is not what its operand stack needs");
  tb_module_put_word(m, 0);
  m->high = high;
  return shape;
}

/* --- the module ----------------------------------------------------------------------------------------------- */

static void tb_check_entry(struct tb_module *module) {
  struct tb_type_row type = tb_module_type(module, tb_module_function(module, module->entry).type);
  module->function = module->entry;
  tb_require(module, !type.a, "it takes parameters, and is the entry point");
  u32 status = type.b == 1 && tb_module_word(module, TB_SECTION_TYPE_LIST, type.first) == TB_I32;
  tb_require(module, !type.b || status, "it is the entry point, and returns something else than an i32, the exit status");
  module->function = TB_NONE;
}

/* Binds the prefixes of the pages that the module lists. */
static void tb_bind_pages(struct tb_verifier *v) {
  struct tb_area *area = &v->module->section[TB_SECTION_PAGES];
  for (const u8 *at = area->at, *end = at + area->size; at != end;) {
    u32 prefix = at[0], last = at[1], size = tb_load_u16(at + 2), count = 0;
    u64 fingerprint;
    __builtin_memcpy(&fingerprint, at + 4, sizeof fingerprint);
    at += TB_PAGE_ROW;
    const struct tb_page *page = 0;
    for (u32 i = 0; i < tb_page_count; i++)
      if (tb_pages[i].length == size && !__builtin_memcmp(tb_pages[i].name, at, size)) page = &tb_pages[i];
    v->module->subject = (struct tb_area){(u8 *)(uptr)at, size};
    tb_check_that(v, page != 0, "it uses page $, which this runtime does not have: build one with the page");
    for (u32 i = 0; i <= last && i < page->codes; i++) count += page->opcodes[i] != 0;
    tb_check_that(v, page->fingerprints[count] == fingerprint,
                  "it was made with other declarations of page $: assemble it again, or build a runtime with those");
    tb_check_that(v, page->prefix ? prefix == page->prefix : prefix >= 0xe0, "page $ cannot have this prefix");
    v->prefixed[prefix] = page;
    v->last[prefix] = (u8)last;
    at += size;
  }
}

void tb_module_verify(struct tb_module *module) {
  u8 *high = module->high;
  struct tb_verifier *v = tb_module_lend(module, sizeof *v);
  __builtin_memset(v, 0, sizeof *v);
  v->module = module;
  tb_check_entry(module);
  tb_bind_pages(v);
  module->lacking = TB_NONE;
  tb_link_begin(module);
  tb_begin_results(module);
  tb_module_keep(module, 0);
  module->maps = (const u32 *)(const void *)module->low;
  u32 shape = 0;
  for (module->function = 0; module->function < module->functions; module->function++) {
#if TB_METHOD_RESULTS
    module->results_at[module->function] = module->result_count;
#endif
    shape = tb_verify_function(v, shape);
  }
  module->function = module->lacking;
  module->offset = module->lacking_offset;
  if (module->function != TB_NONE)
    tb_refuse(module, TB_EXCLUDED, "it needs an opcode that this runtime was built without: build one with its micro-library");
  module->offset = -1;
  tb_link_end(module);
  tb_keep_results(module);
  module->high = high;
}
