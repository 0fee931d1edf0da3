/* Interface `entry` for tests: runs the images on standard input one after the other, each in a process
 * of its own, with its own input. Their output goes to standard output; records go to standard error:
 *     'G' objects bytes                                     after a collection
 *     'F' function pc                                       a frame, innermost first, of a trapped run
 *     'V' index low high                                    a global variable at the end
 *     'M' pages checksum                                    a linear memory at the end
 *     'T' elements checksum                                 a table of functions at the end
 *     'P' checksum                                          Adler-32 of the screen's pixels at the end
 *     'E' trap status fuel-low fuel-high output-end         how the run ended
 *     'X' wait-status                                       how the process ended */
#include "tb_harness.h"
#include "tb_frame.h"
#include "tb_heap.h"
#include "tb_linear.h"
#include "tb_platform.h"
#include "tb_tables.h"

struct tb_context tb_the_context;
struct tb_store tb_the_store;
const struct tb_harness_image *tb_harness_now;

u32 tb_run(struct tb_context *cx, u32 entry);

enum { TB_HARNESS_IMAGE_BYTES = 16 << 20 };

void tb_harness_record(u32 kind, u32 a, u32 b, u32 c, u32 d, u32 e) {
  u32 record[6] = {kind, a, b, c, d, e};
  tb_platform_write(2, record, sizeof record);
}

static void tb_harness_frames(struct tb_context *cx) {
  struct tb_place place = tb_frame_here(cx);
  u32 left = 64;
  do tb_harness_record('F', tb_frame_index(cx, &place), place.pc, 0, 0, 0);
  while (--left && tb_frame_caller(cx, &place));
}

/* Adler-32. */
static u32 tb_harness_sum(const u8 *at, u64 bytes) {
  u32 a = 1, b = 0;
  for (u64 i = 0; i < bytes; i++) {
    a = (a + at[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

static void tb_harness_spaces(struct tb_context *cx) {
  for (u32 i = 0, count = *tb_linear_memories(cx); i < count; i++) {
    u64 bytes = tb_memory_bytes(cx, i);
    tb_harness_record('M', (u32)(bytes >> 16), tb_harness_sum(tb_memory_at(cx, i), bytes), 0, 0, 0);
  }
  for (u32 i = 0, count = *tb_table_sizes(cx); i < count; i++) {
    u32 size = tb_table_size(cx, i);
    tb_harness_record('T', size, tb_harness_sum((const u8 *)tb_table_at(cx, i), 4ull * size), 0, 0, 0);
  }
}

static void tb_harness_screen(struct tb_context *cx) {
  u64 bytes = 3ull * tb_screen(cx)[0] * tb_screen(cx)[1];
  if (bytes) tb_harness_record('P', tb_harness_sum(tb_the_store.screen_pixels, bytes), 0, 0, 0, 0);
}

static _Noreturn void tb_harness_run(void) {
  struct tb_context *cx = &tb_the_context;
  const u8 *base = (const u8 *)tb_harness_now;
  const u32 *table = tb_harness_now->tables;
  TB_HARNESS_TABLES
  static cell globals[TB_GLOBALS];
  tb_the_store.globals = globals;
  /* Fresh memory, so that a sanitizer sees what leaves it. */
  tb_start(cx);
  u32 trap;
  if (tb_functions(cx)[tb_harness_now->entry].cells > cx->cells_left) {
    tb_harness_spaces(cx);
    tb_harness_screen(cx);
    tb_harness_record('E', TB_TRAP_STACK_OVERFLOW, 0, (u32)cx->fuel, (u32)(cx->fuel >> 32), 0);
    tb_platform_exit(0);
  }
  trap = tb_run(cx, tb_harness_now->entry);
  tb_finish(cx);
  if (trap) tb_harness_frames(cx);
  u32 status = 0;
  if (!trap && cx->sp > cx->stack_base) status = (u32)cx->stack_base[0];
  for (u32 i = 0; i < tb_harness_now->globals; i++) {
    u64 value = tb_the_store.globals[i];
    tb_harness_record('V', i, (u32)value, (u32)(value >> 32), 0, 0);
  }
  tb_harness_spaces(cx);
  tb_harness_screen(cx);
  u32 end = (u32)tb_harness_call(TB_HARNESS_TELL, 1, 0);
  tb_harness_record('E', trap, status, (u32)cx->fuel, (u32)((u64)cx->fuel >> 32), end);
  tb_platform_exit(0);
}

static u32 tb_harness_read(u8 *to, u32 bytes) {
  for (u32 done = 0; done < bytes;) {
    long got = tb_platform_read(0, to + done, bytes - done);
    if (got <= 0) return 0;
    done += (u32)got;
  }
  return 1;
}

_Noreturn void tb_entry(const void *start) {
  (void)start;
  u8 *image = tb_platform_map(0, TB_HARNESS_IMAGE_BYTES);
  tb_harness_now = (const struct tb_harness_image *)(void *)image;
  while (tb_harness_read(image, 4)) {
    if (tb_harness_now->size > TB_HARNESS_IMAGE_BYTES || !tb_harness_read(image + 4, tb_harness_now->size - 4))
      tb_platform_exit(3);
    int ends[2], status = 0;
    if (tb_harness_call(TB_HARNESS_PIPE, 0, ends)) tb_platform_exit(4);
    /* Input is smaller than a pipe's buffer; written first, nobody can be gone yet. */
    tb_platform_write(ends[1], image + tb_harness_now->input, tb_harness_now->input_bytes);
    tb_harness_call(TB_HARNESS_CLOSE, ends[1], 0);
    long child = tb_harness_call(TB_HARNESS_FORK, 0, 0);
    if (child < 0) tb_platform_exit(5);
    if (child == 0) {
      tb_harness_call(TB_HARNESS_DUP, ends[0], 0);
      tb_harness_call(TB_HARNESS_CLOSE, ends[0], 0);
      tb_harness_run();
    }
    tb_harness_call(TB_HARNESS_CLOSE, ends[0], 0);
    tb_harness_call(TB_HARNESS_WAIT, child, &status);
    tb_harness_record('X', (u32)status, 0, 0, 0, 0);
  }
  tb_platform_exit(0);
}
