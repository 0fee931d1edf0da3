/* Stack trace of an uncaught trap: function and line of each frame, innermost first.
 *
 * Table `trace`, at trace_at[function]: the function's name, a zero byte, then LEB128 pairs
 *     (offset - last offset) + 1, line - last line (signed)
 * ending with a zero. `trace_file` is the name of the source file, empty when it is not known. */
#include "tb_frame.h"
#include "tb_traps.h"

enum { TB_TRACE_FRAMES = 16 };

static u32 tb_trace_number(const u8 **at, u32 *sign) {
  u32 number = 0, shift = 0, byte;
  do {
    byte = *(*at)++;
    number |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  *sign = byte & 0x40 && shift < 32 ? ~0u << shift : 0;
  return number;
}

/* The line of the instruction that ends at or holds offset `pc` - 1 of the function. */
static u32 tb_trace_line(const u8 *at, u32 pc) {
  u32 offset = 0, line = 0, sign, step;
  while ((step = tb_trace_number(&at, &sign)) != 0) {
    offset += step - 1;
    u32 delta = tb_trace_number(&at, &sign);
    if (offset >= pc) break;
    line += delta | sign;
  }
  return line;
}

static void tb_trace_frame(struct tb_context *cx, u32 function, u32 pc) {
  const char *name = (const char *)tb_trace(cx) + tb_trace_at(cx)[function];
  tb_traps_say("  at ");
  tb_traps_say(name);
  while (*name++) continue;
  u32 line = tb_trace_line((const u8 *)name, pc - tb_functions(cx)[function].code);
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
  cell *fp = cx->fp;
  u32 function = cx->function, pc = cx->pc, more = 0;
  while (pc != TB_PC_HOST) {
    if (more < TB_TRACE_FRAMES) tb_trace_frame(cx, function, pc);
    more++;
    const struct tb_link *link = tb_frame_link(fp, &tb_functions(cx)[function]);
    pc = link->pc;
    if (pc == TB_PC_HOST) break;
    function = link->function;
    fp -= link->distance;
  }
  if (more > TB_TRACE_FRAMES) {
    tb_traps_say("  and ");
    tb_traps_say_number(more - TB_TRACE_FRAMES);
    tb_traps_say(" more frames\n");
  }
}
