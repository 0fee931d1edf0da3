/* Libraries `io.output` and `io.input`: standard output and input, each with a buffer in the store. */
#ifndef TB_IO_H
#define TB_IO_H
#include "tb.h"

/* Output waits in the buffer until that is full, the program ends or something may block. Where the
 * system refuses to write, that output and all after it is dropped without a word (a closed pipe kills
 * the process by SIGPIPE before that, unless it is ignored). */
void tb_io_put_byte(struct tb_context *cx, u32 value);
void tb_io_write(struct tb_context *cx, const void *from, u32 bytes);
void tb_io_flush(struct tb_context *cx);

void tb_io_print_i32(struct tb_context *cx, u32 value);
void tb_io_print_i64(struct tb_context *cx, u64 value);
void tb_io_print_f32(struct tb_context *cx, float value);
void tb_io_print_f64(struct tb_context *cx, double value);
void tb_io_print_string(struct tb_context *cx, tb_ref string);

/* The next byte, or 0xffffffff at the end of input. A read that a signal interrupts counts as the end of
 * input and takes nothing: where the plan has interruption, the engine sees it next. Whoever asks again
 * after the end makes another read (a terminal goes on after ^D). */
u32 tb_io_get_byte(struct tb_context *cx);
/* The same; the byte stays. */
u32 tb_io_peek(struct tb_context *cx);

/* Reads an integer: blanks, a sign or none, digits. Gives 0, or 1 (trap BAD_INPUT) where that is not
 * what follows or the number is no i32; what was accepted until then is consumed. The byte behind the
 * number stays. */
u32 tb_io_read_i32(struct tb_context *cx, u32 *result);

#endif
