/* The instruction set as tables, generated from the declarations of the opcodes (stack/signatures.py). */
#ifndef TB_VERIFY_H
#define TB_VERIFY_H
#include "tb_module.h"

/* opcodes[code]: where the opcode's signature begins in tb_signatures, 0 for none; codes: how many there are.
 * fingerprints[n]: of the declarations of the first n opcodes. prefix: 0xff for the core page, 0 where each file
 * has its own. */
struct tb_page {
  const char *name;
  const u16 *opcodes;
  const u64 *fingerprints;
  u16 codes;
  u8 length, prefix;
};
extern const struct tb_page tb_pages[];
extern const u32 tb_page_count;

/* Bytes, for an opcode: kinds of the immediates (a count before them); then its declarations (a count before them):
 *     size of what follows
 *     guards (count): index of an immediate, value that it must have (4 bytes); with TB_GUARD_INTERFACE it must name one
 *     type variables of the immediates (count): index, variable
 *     operands (count): pattern, argument; the deepest first
 *     results (count): likewise
 *     first form (2 bytes), type variables (count): number of ways in which a value of it may be stored
 * A variable has two numbers: its own, and the next for the array type of which it is the element. Behind all of
 * them is, for each built-in type, the array type that an operand of pattern ARRAY_OF has. */
extern const u8 tb_signatures[];
enum { TB_PATTERN_TYPE, TB_PATTERN_VARIABLE, TB_PATTERN_REFERENCE, TB_PATTERN_ARRAY, TB_PATTERN_ARRAY_OF };
enum { TB_VARIABLES = 16, TB_IMMEDIATES = 8, TB_GUARD_INTERFACE = 0x80 };

/* A form: what it does that the verifier and the linker must know. transfer: of control, at its end; operand: the
 * immediate that says where to; kept: the immediates that its C reads, a bit each; safepoint: 1 if it is one, 2 if
 * besides what it takes stays on the stack meanwhile; handlers: where in tb_handlers the numbers of its shapes begin
 * (core/forms.py), from 256 on of two bytes, the high one first. */
struct tb_form {
  u8 transfer, operand, kept, safepoint;
  u16 handlers;
};
extern const struct tb_form tb_forms[];
extern const u16 tb_handlers[];
enum { TB_GO_ON, TB_JUMP, TB_JUMP_IF, TB_JUMP_TABLE, TB_INVOKE, TB_TAIL_INVOKE, TB_RETURN, TB_HALT };
/* The number of what this runtime was built without. */
enum { TB_NO_HANDLER = 0xffff };

/* The place of a type code's storage in core/forms.py: STORAGE. */
extern const u8 tb_storage[16];

/* An instruction that was found right. code, parameters: of its function; kinds: of its immediates, TB_IMM_...
 * (macros of the verifier's library). The immediate `targets` is the number of targets without the default; at
 * *targets* is the first one. */
struct tb_instruction {
  const struct tb_form *form;
  const u8 *kinds;
  u8 *code;
  u32 at, after, count, parameters;
  s32 immediates[TB_IMMEDIATES];
  const u8 *targets;
};
/* Rewrites it in place, to what the engine runs; between a beginning and an end for the whole module. */
void tb_link_begin(struct tb_module *module);
void tb_link_end(struct tb_module *module);
void tb_link_instruction(struct tb_module *module, const struct tb_instruction *instruction);

#endif
