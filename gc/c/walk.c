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
#include "tb_rt.h"

u32 tb_walk_size(struct tb_context *cx, tb_ref at) {
  u32 type = tb_object_type(cx, at), length = tb_object_length(cx, at);
  if (type == TB_TYPE_FREE) return length;
  u32 size = 0x80000000u | 4; /* cells */
  if (TB_HEAP_STRINGS && type == TB_TYPE_LATIN1) size -= 3;
  if (TB_HEAP_STRINGS && type == TB_TYPE_UTF16) size -= 2;
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

/* Reads a count and as many slots; hands them to the collector if `live`. */
static void tb_walk_slots(struct tb_context *cx, const u8 **at, cell *fp, u32 live) {
  for (u32 left = tb_rt_number(at); left; left--) {
    u32 slot = tb_rt_number(at);
    /* The low half of a 64-bit cell is the reference; the high half is zero. */
    if (live) tb_gc_root(cx, (tb_ref *)(void *)&fp[slot]);
  }
}

static void tb_walk_frame(struct tb_context *cx, const struct tb_place *place) {
  if (TB_FUNCTION_FOREIGN(cx, tb_frame_index(cx, place))) return; /* numbers alone pass between programs */
  const u8 *map = tb_gc_maps(cx) + tb_gc_maps_at(cx)[tb_frame_index(cx, place)];
  tb_walk_slots(cx, &map, place->fp, 1);
  u32 pc = place->pc - place->function->code, at = 0, step;
  while (at < pc && (step = tb_rt_number(&map)) != 0) {
    at += step;
    tb_walk_slots(cx, &map, place->fp, at == pc);
  }
}

void tb_walk_roots(struct tb_context *cx) {
  if (TB_FRAMES(cx)) {
    struct tb_place place = tb_frame_here(cx);
    do tb_walk_frame(cx, &place);
    while (tb_frame_caller(cx, &place) || TB_FRAME_BELOW(cx, &place));
  }
  tb_roots(cx);
}
