/* Interface `host`: the functions that a program imports.
 *
 * A function of the program asks for each call, by HOST. Arguments and results are in its frame, each in its home:
 *
 *     fp   | parameters: the arguments | link | locals: the results, 0 or null | ...
 *
 * These are roots: a reference in them is found again after whatever may move objects, and only there. An i32 and the
 * bits of an f32 are in the low half of a cell of 64 bits, whose high half is 0.
 *
 * Table imports, bytes: for each import the names of a module and of what it has in it, the type codes of the
 *     parameters and those of the results: LEB128 numbers, each list behind its length.
 * Table import_rows, u32: how many imports there are, then where each is in the table of bytes. */
#ifndef TB_HOST_H
#define TB_HOST_H
#include "tb_frame.h"

/* Calls import number *import* for the function that runs: 0, or 1 where it failed. A safepoint; output has been
 * written before. */
u32 tb_host_call(struct tb_context *cx, u32 import);

static inline TB_UNUSED cell *tb_host_arguments(struct tb_context *cx) { return cx->fp; }
static inline TB_UNUSED cell *tb_host_results(struct tb_context *cx) {
  return cx->fp + tb_frame_here(cx).function->parameters + TB_LINK;
}

/* An import. parameters, results: how many, and at *parameter_codes*, *result_codes* the LEB128 type codes of each. */
struct tb_import {
  const u8 *module, *name, *parameter_codes, *result_codes;
  u32 module_bytes, name_bytes, parameters, results;
};
/* Import number *which*, of those that there are. */
struct tb_import tb_host_import(struct tb_context *cx, u32 which);

#endif
