/* Register code: what engine `threaded` makes of a function's resolved code at its first call.
 *
 *     memory   | entries | starts | records ... -> | places ... -> | scratch |
 *
 * entries[function]: the record where a function's code begins, 0 while it has none. starts: for each translated function
 * where its records begin, and which function it is; records are in order of translation. places[n]: what record n stands
 * for. Scratch is used during a translation. Record 0 stands for the host's call, record 1 goes back to the host.
 *
 * True fuel is the count in the register, less the instructions of the function that have been run as if all of them from
 * its start on had been: a taken branch adds the difference. So that a count below zero is all that hot code has to look
 * for, the register is lower than that by the length of the longest function: whoever finds it below zero looks twice. */
#ifndef TB_THREADED_H
#define TB_THREADED_H
#include "tb_frame.h"

/* An instruction. handler: distance of its handler from the first one (while it is translated, its number). */
struct TB_MAY_ALIAS tb_record {
  s32 handler;
  union {
    u16 u[4];
    s32 w[2];
  };
  s32 imm;
};
_Static_assert(sizeof(struct tb_record) == 16, "records are 16 bytes");

/* pc: offset in the code behind the instruction that a record does; count: instructions from the function's start up to
 * there. */
struct tb_record_place {
  u32 pc, count;
};
struct tb_record_start {
  u32 record, function;
};

struct tb_threaded {
  struct tb_record *records;
  struct tb_record_place *places;
  struct tb_record_start *starts;
  u32 *entries;
  u8 *scratch;
  u32 used, functions;
};

/* Table register_sizes: how many functions there are; records that they take, at most; bytes of code of the longest; the
 * deepest operand stack. Then, for each place where a shape says what is on the operand stack: function, offset, depth. */
enum { TB_REG_FUNCTIONS, TB_REG_RECORDS, TB_REG_LONGEST, TB_REG_DEEPEST, TB_REG_SHAPES, TB_REG_SIZES };
/* Records of functions that come later. */
#define TB_RECORDS_BEYOND (TB_FUNCTIONS_BEYOND * 16ull)
#define TB_THREADED(cx) (tb_store_of(cx)->threaded)
/* Bytes of the memory, for these sizes, which the functions and records that come later are part of. */
static inline TB_UNUSED u64 tb_threaded_bytes(u64 functions, u64 records, u64 longest, u64 deepest) {
  u64 each = sizeof(struct tb_record) + sizeof(struct tb_record_place), function = sizeof(struct tb_record_start) + sizeof(u32);
  return functions * function + records * each + 16 * longest + 8 * deepest + sizeof(struct tb_threaded) + 16;
}

/* Handlers that are no form's; the numbers of variants follow. */
enum {
  TB_REG_EXIT,      /* to the host */
  TB_REG_HALT,
  TB_REG_COPY,      /* u[0] = u[1] */
  TB_REG_SET,       /* u[0] = imm, zero-extended */
  TB_REG_SET_WIDE,  /* u[0] = imm, sign-extended */
  TB_REG_SET_POOL,  /* u[0] = pool[imm] */
  TB_REG_SWAP,      /* u[0], u[1] exchanged */
  TB_REG_ZERO,      /* imm cells from u[0] on are zero */
  TB_REG_JUMP,      /* w[1]: distance in bytes; imm: fuel */
  TB_REG_JUMP_BACK, /* the same, with a poll */
  TB_REG_LINK,      /* a call whose callee may not be translated: imm is twice its number and odd; then as CALL */
  TB_REG_CALL,      /* u[0]: the frame, u[1]: its link, w[1]: fuel; imm: distance in bytes */
  TB_REG_TAIL,      /* imm: the callee; the record behind: u[0] its arguments, u[1] this frame's link, imm its cells, w[1] fuel */
  TB_REG_RETURN,    /* u[0]: the link, u[1]: cells of the frame, w[1]: fuel; results: see below */
  TB_REG_RETURN_S,  /* of one: slot imm */
  TB_REG_RETURN_A,  /* the accumulator of cells */
  TB_REG_RETURN_D,  /* that of binary64 */
  TB_REG_RETURN_I,  /* imm, zero-extended */
  TB_REG_RETURN_W,  /* imm, sign-extended */
  TB_REG_RETURN_P,  /* pool[imm] */
  TB_REG_RETURN_N,  /* u[0] to u[0] + imm - 1 of the record behind it */
  TB_REG_FIXED
};

/* What a form is to the translator (core/threaded/shapes.py). takes, gives: operands and results; doubles: those operands,
 * and bit 7 the result, that the accumulator of binary64 can have; numbers: LEB128 behind the opcode, is_signed: which; kept:
 * those that the handler reads; target: the one that says where control goes; sets: locals; fars: those to which TB_LINK
 * is to be added. first: number of its first variant, or where its moves begin. variants: how many. bytes: of the opcode in
 * modules; extensions: records behind the first one; most: records that it takes, at most, but for branch tables. */
struct tb_reg_form {
  u8 kind, flags, takes, gives, doubles, numbers, is_signed, kept, target, sets, fars, variants, bytes, extensions, most;
  u16 first;
};
enum { TB_REG_KIND_MOVE, TB_REG_KIND_COMPUTE, TB_REG_KIND_HOME, TB_REG_KIND_BRANCH, TB_REG_KIND_JUMP, TB_REG_KIND_TABLE,
       TB_REG_KIND_CALL, TB_REG_KIND_CALL_AT, TB_REG_KIND_TAIL, TB_REG_KIND_TAIL_AT, TB_REG_KIND_RETURN, TB_REG_KIND_HALT };
/* Operands at home; references may move meanwhile; locals may be read and written in ways that only C knows; what the
 * callee is found by; reads or writes locals. */
enum { TB_REG_AT_HOME = 1, TB_REG_SAFEPOINT = 2, TB_REG_FRAME = 4, TB_REG_BY_TYPE = 8, TB_REG_BY_CLASS = 16, TB_REG_BY_INTERFACE = 32, TB_REG_LOCALS = 64 };
/* Moves: 1 if a local is set, then which (bit 7: far) and to what; then what each result is. */
enum { TB_REG_FROM_PARAMETER, TB_REG_FROM_I32, TB_REG_FROM_I64, TB_REG_FROM_LOCAL, TB_REG_FROM_FAR, TB_REG_FROM_POOL,
       TB_REG_FROM_CONSTANT, TB_REG_FROM_WIDE };
/* Kinds of operands in codes of variants, two bits each; bit 6: the accumulator only, or backward. */
enum { TB_REG_S, TB_REG_A, TB_REG_I, TB_REG_P };
enum { TB_REG_SECOND = 64 };
extern const struct tb_reg_form tb_reg_forms[];
extern const u8 tb_reg_moves[], tb_reg_codes[];
/* Of each variant the one that leaves its result in the accumulator only; 0 for none. */
extern const u16 tb_reg_seconds[];
/* What a call takes and gives that is found when it runs. */
struct tb_reg_callee {
  u32 parameters, results;
};
/* Sequences of variants that have a handler of their own: length, variants, handler; one without length ends them. Those
 * that begin with variant v: from tb_reg_sequences_at[v] on. */
extern const u16 tb_reg_sequences[], tb_reg_sequences_at[];

/* Reads an instruction of resolved code at *at, and the numbers behind its opcode. */
enum { TB_REG_MOST_NUMBERS = 8 };
const struct tb_reg_form *tb_threaded_decode(const u8 **at, u32 *numbers);
/* Bytes that a branch table takes in a module; its targets are at `row`, behind their number. */
u32 tb_threaded_table_bytes(const struct tb_reg_form *form, const u32 *row);

/* The engine: distance of a handler; runs from a record on. */
s32 tb_threaded_handler(u32 number);
u32 tb_threaded_go(struct tb_context *cx, cell *fp, const struct tb_record *ip, s64 fuel);

/* The record at which the function's code begins, translated if it was not. */
u32 tb_threaded_translate(struct tb_context *cx, u32 function);
static inline TB_UNUSED const struct tb_record *tb_threaded_entry(struct tb_context *cx, u32 function) {
  u32 at = TB_THREADED(cx)->entries[function];
  if (TB_UNLIKELY(!at)) at = tb_threaded_translate(cx, function);
  return TB_THREADED(cx)->records + at;
}
/* Turns a record LINK into CALL. */
void tb_threaded_link(struct tb_context *cx, const struct tb_record *ip);
/* Numbers of variants become distances of handlers. */
void tb_threaded_fuse(struct tb_context *cx, struct tb_record *records, u32 count);
/* The true fuel where a record has been run, and back. */
s64 tb_threaded_fuel(struct tb_context *cx, const struct tb_record *ip, s64 fuel);
s64 tb_threaded_count(struct tb_context *cx, const struct tb_record *ip, s64 fuel);
/* Stops the program there: returns the kind. */
u32 tb_threaded_stop(struct tb_context *cx, cell *fp, const struct tb_record *ip, s64 fuel, u32 kind);
/* Whether a count below zero means that the fuel is used up. */
u32 tb_threaded_spent(struct tb_context *cx, const struct tb_record *ip, s64 fuel);

#endif
