/* Function and line of each frame of a stack: for the trace of an uncaught trap, innermost first, and for a host.
 *
 * Table `trace`, at trace_at[function]: the function's name, a zero byte, then pairs of LEB128 numbers
 *     (offset - last offset) + 1, zigzag of (line - last line)
 * ending with a zero. `trace_file` is the name of the source file, empty when it is not known. */
#include "tb_frame.h"
#include "tb_rt.h"
#include "tb_traps.h"

enum { TB_TRACE_FRAMES = 16 };

/* Behind a function's name: the line of the instruction that holds the byte before pc, 0 where it is not known. */
static inline TB_ALWAYS_INLINE u32 tb_trace_line(const struct tb_place *place, const u8 *at) {
  while (*at++) continue;
  u32 left = place->pc - place->function->code, line = 0, step;
  while ((step = tb_rt_number(&at)) != 0 && step <= left) {
    left -= step - 1;
    u32 delta = tb_rt_number(&at);
    line += (delta >> 1) ^ (0 - (delta & 1));
  }
  return line;
}

u32 tb_trace_look(struct tb_context *cx, const struct tb_place *place, const char **name) {
  *name = "a function of another program";
  if (TB_FUNCTION_FOREIGN(cx, tb_frame_index(cx, place))) return 0;
  const u8 *at = tb_trace(cx) + tb_trace_at(cx)[tb_frame_index(cx, place)];
  *name = (const char *)at;
  return tb_trace_line(place, at);
}

static void tb_trace_frame(struct tb_context *cx, const struct tb_place *place) {
  const u8 *at = tb_trace(cx) + tb_trace_at(cx)[tb_frame_index(cx, place)];
  tb_traps_say("  at ");
  tb_traps_say((const char *)at);
  u32 line = tb_trace_line(place, at);
  if (line) {
    tb_traps_say(" (");
    tb_traps_say((const char *)tb_trace_file(cx));
    tb_traps_say(":");
    tb_traps_say_number(line);
    tb_traps_say(")");
  }
  tb_traps_say("\n");
}

void tb_stack_trace(struct tb_context *cx) {
  struct tb_place place = tb_frame_here(cx);
  u32 frames = 0;
  do {
    if (frames < TB_TRACE_FRAMES) tb_trace_frame(cx, &place);
    frames++;
  } while (tb_frame_caller(cx, &place));
  if (frames > TB_TRACE_FRAMES) {
    tb_traps_say("  and ");
    tb_traps_say_number(frames - TB_TRACE_FRAMES);
    tb_traps_say(" more frames\n");
  }
}
