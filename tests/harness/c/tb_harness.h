/* What the harness asks of the system beyond interface `platform`: one function, by number. */
#ifndef TB_HARNESS_H
#define TB_HARNESS_H
#include "tb.h"

enum { TB_HARNESS_FORK, TB_HARNESS_WAIT, TB_HARNESS_PIPE, TB_HARNESS_DUP, TB_HARNESS_CLOSE, TB_HARNESS_TELL };

long tb_harness_call(int what, long argument, void *more);

/* A program as the tests send it: this header, then its tables, then its input. Offsets are from the
 * start of the header. */
struct tb_harness_image {
  u32 size, entry, entry_results, stack_cells, heap_bytes, stress, strings_bytes, input_bytes, input, globals;
  u64 fuel;
  u32 tables[64];
};
extern const struct tb_harness_image *tb_harness_now;

void tb_harness_record(u32 kind, u32 a, u32 b, u32 c, u32 d, u32 e);
void tb_harness_audit(struct tb_context *cx);

#endif
