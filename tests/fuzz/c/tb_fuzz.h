/* What the parts of the fuzzing target share. */
#ifndef TB_FUZZ_H
#define TB_FUZZ_H
#include "tb.h"

/* The section with which an input says how it is run; readers of modules skip it: a byte of TB_FUZZ_..., then
 * standard input. */
enum { TB_FUZZ_SECTION = 0x7a7a };
/* Collections at every allocation; reads and writes in part, or (with WHOLE) interrupted and in vain; the entry of
 * users; places of two bits that choose the sizes of heap and stack; little memory for the module (with WHOLE: the module
 * comes from standard input; with SHORT too: from a file that cannot be opened). */
enum { TB_FUZZ_STRESS = 1, TB_FUZZ_SHORT = 2, TB_FUZZ_WHOLE = 4, TB_FUZZ_HEAP = 3, TB_FUZZ_STACK = 5, TB_FUZZ_LITTLE = 128 };

/* An input while it runs. heap_bytes ... stress: what a plan fixes. how: the section's first byte. at: what has been
 * read of the file. standard: it is what comes from standard input. calls, waits: of the platform. memory: bytes for a
 * module. output: a hash of all that was written. */
struct tb_fuzz {
  const u8 *file, *input;
  u64 size, at, output, clock;
  u32 input_bytes, input_at, calls, waits, how, standard, memory, stack_cells, heap_bytes, stress;
  s64 fuel;
};
extern struct tb_fuzz tb_fuzz_now;

/* How a run ended. status: what the process would exit with; ran: whether the module was accepted. */
struct tb_fuzz_outcome {
  u32 status, ran;
  u64 output;
};
struct tb_fuzz_outcome tb_fuzz_run(const u8 *file, u64 size);
/* 1 when loader and verifier accept the file. */
u32 tb_fuzz_accepts(const u8 *file, u64 size);

/* The platform's part: what was mapped for a run is given back; ends a run. */
void tb_fuzz_free(void);
_Noreturn void tb_fuzz_end(int status);
void tb_fuzz_audit(struct tb_context *cx);

#endif
