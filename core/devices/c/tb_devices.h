/* Opcodes 50 to 54: what a program can see and use of the machine around it. */
#ifndef TB_DEVICES_H
#define TB_DEVICES_H
#include "tb.h"

/* Service: what there is of something (core/devices/ops.py has the numbers); 1 (BAD_SELECTOR) for others. */
u32 tb_space_info(struct tb_context *cx, u32 what, u32 *result);

/* Service: a clock's reading; 1 (BAD_SELECTOR) for other numbers. */
u32 tb_time_get(struct tb_context *cx, u32 what, u32 *result);

/* Service: 0 when so many milliseconds have passed (negative: never), 1 for input, 2 for its end. */
u32 tb_event_wait(struct tb_context *cx, u32 timeout);

/* Service: sets a pixel or writes the file; 1 BAD_INDEX, 2 NO_SCREEN, 3 CANNOT_WRITE. */
u32 tb_screen_set(struct tb_context *cx, u32 x, u32 y, u32 rgb);
void tb_screen_start(struct tb_context *cx);
void tb_screen_finish(struct tb_context *cx);

/* Service: the next line of input as a string, 0 at the end; 1 LONG_LINE, 2 OUT_OF_MEMORY. */
u32 tb_prompt_read(struct tb_context *cx, cell *prompt, u32 *result);

#endif
