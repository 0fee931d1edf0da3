/* Walking objects and frames.
 *
 * Table gc_types, a u32 for each entry of the type table: 0 no references; 1 every element is one; else
 *     index in gc_offsets of a count followed by as many byte offsets.
 * Table gc_maps, LEB128 numbers, at gc_maps_at[function]:
 *     count, frame slots               parameters and locals that hold references
 *     (step, count, frame slots)*  0   operands, for each safepoint that has some; step is the distance
 *                                      from the last one's return pc, counted from the function's start */
#include "tb_walk.h"
#include "tb_frame.h"

u32 tb_walk_size(struct tb_context *cx, tb_ref at) {
  u32 type = tb_object_type(cx, at), length = tb_object_length(cx, at);
  if (type == TB_TYPE_FREE) return length;
  u32 size = 0x80000000u | 4; /* cells */
  if (type >= TB_TYPE_MODULE) size = tb_types(cx)[type - TB_TYPE_MODULE];
  if (!(size >> 31)) return size;
  return (TB_HEADER + length * (size & 0xff) + 7) & ~7u;
}

void tb_walk_object(struct tb_context *cx, tb_ref at) {
  u32 type = tb_object_type(cx, at);
  if (type < TB_TYPE_MODULE) return;
  u32 where = tb_gc_types(cx)[type - TB_TYPE_MODULE];
  u8 *object = tb_object(cx, at);
  if (where == 1) {
    u32 count = tb_object_length(cx, at);
    for (u32 i = 0; i < count; i++) tb_gc_root(cx, (tb_ref *)(void *)(object + TB_HEADER + 4 * i));
  } else if (where) {
    const u32 *offsets = tb_gc_offsets(cx) + where;
    for (u32 left = *offsets++; left; left--) tb_gc_root(cx, (tb_ref *)(void *)(object + *offsets++));
  }
}

static u32 tb_walk_number(const u8 **at) {
  u32 number = 0, shift = 0, byte;
  do {
    byte = *(*at)++;
    number |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  return number;
}

/* Reads a count and as many slots; hands them to the collector if `live`. */
static void tb_walk_slots(struct tb_context *cx, const u8 **at, cell *fp, u32 live) {
  for (u32 left = tb_walk_number(at); left; left--) {
    u32 slot = tb_walk_number(at);
    /* The low half of the cell is the reference; the high half is zero. */
    if (live) tb_gc_root(cx, (tb_ref *)(void *)&fp[slot]);
  }
}

static void tb_walk_frame(struct tb_context *cx, cell *fp, u32 function, u32 pc) {
  const u8 *map = tb_gc_maps(cx) + tb_gc_maps_at(cx)[function];
  tb_walk_slots(cx, &map, fp, 1);
  u32 at = tb_functions(cx)[function].code, step;
  while (at < pc && (step = tb_walk_number(&map)) != 0) {
    at += step;
    tb_walk_slots(cx, &map, fp, at == pc);
  }
}

void tb_walk_roots(struct tb_context *cx) {
  cell *fp = cx->fp;
  u32 function = cx->function, pc = cx->pc;
  for (;;) {
    tb_walk_frame(cx, fp, function, pc);
    const struct tb_link *link = tb_frame_link(fp, &tb_functions(cx)[function]);
    pc = link->pc;
    if (pc == TB_PC_HOST) break;
    function = link->function;
    fp -= link->distance;
  }
  tb_roots(cx);
}
