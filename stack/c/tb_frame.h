/* Frames on the VM stack.
 *
 *     fp                                                            sp
 *     | parameters | link | locals | operands ...                    |
 *
 * Parameters overlap the caller's operands. Every slot is a cell and has this home in every engine. */
#ifndef TB_FRAME_H
#define TB_FRAME_H
#include "tb.h"

/* A row of the function table. code: offset in the code; cells: what a call counts against the stack
 * limit (parameters, locals, the operand stack at its deepest, and the link). */
struct tb_function {
  u32 code;
  u16 parameters;
  u16 results;
  u16 locals;
  u16 cells;
};

/* What a frame remembers of its caller, in whole cells. pc: offset in the code at which the caller goes on,
 * or TB_PC_HOST; function: byte offset of the caller's row; distance: from the caller's frame to this one,
 * in cells. */
struct TB_MAY_ALIAS tb_link {
  _Alignas(sizeof(cell)) u32 pc; /* cells of 64 bits are aligned to 32 on some machines */
  u32 function;
  u32 distance;
};
enum { TB_LINK = sizeof(struct tb_link) / sizeof(cell) };
_Static_assert(TB_LINK * sizeof(cell) == sizeof(struct tb_link), "a link takes whole cells");

/* A frame counts as many cells for its link, whatever the link takes: the limit stops a program at the same
 * call for every width of cells. Memory for frames that count so many cells: each of them counts
 * TB_FRAME_COST at least, and takes TB_LINK - TB_FRAME_COST more. */
enum { TB_FRAME_COST = 2 };
#define TB_STACK_BYTES(cells) ((u64)(cells) * TB_LINK / TB_FRAME_COST * sizeof(cell))
#define TB_PC_HOST 0xffffffffu

static inline TB_UNUSED struct tb_link *tb_frame_link(cell *fp, const struct tb_function *function) {
  return (struct tb_link *)(fp + function->parameters);
}

/* Where a frame stands. pc: offset in the code behind what was fetched of the instruction that runs. */
struct tb_place {
  cell *fp;
  const struct tb_function *function;
  u32 pc;
};

/* Where the context stands: engines store cx->fp and cx->ip before whatever may look. What these and the pc of a link
 * mean, interface `dispatch` says: here, for engines that run resolved code, and keep cx->function true. */
static inline TB_UNUSED struct tb_place tb_frame_at_ip(struct tb_context *cx) {
  struct tb_place place = {cx->fp, cx->function, TB_PC(cx)};
  return place;
}
static inline TB_UNUSED u32 tb_frame_linked(struct tb_context *cx, struct tb_place *place, const struct tb_link *link) {
  place->pc = link->pc;
  if (link->pc == TB_PC_HOST) return 0;
  place->function = (const struct tb_function *)(const void *)((const u8 *)tb_functions(cx) + link->function);
  place->fp -= link->distance;
  return 1;
}
static inline TB_UNUSED struct tb_place tb_frame_here(struct tb_context *cx) { return TB_FRAME_HERE(cx); }
static inline TB_UNUSED u32 tb_frame_index(struct tb_context *cx, const struct tb_place *place) {
  return (u32)(place->function - tb_functions(cx));
}
/* Goes to the caller's frame; 0 when the host is the caller. */
u32 tb_frame_caller(struct tb_context *cx, struct tb_place *place);

/* Makes the VM stack: cx->stack_base, and the limit: cx->cells_left. */
void tb_stack_start(struct tb_context *cx);

#endif
