/* Counts of what register code executes, for a profile. A record is an instruction's place in register code. */
#ifndef TB_COUNTING_H
#define TB_COUNTING_H
#include "tb.h"

/* Record *record* holds the variant of this number; 0xffff: it belongs to the one before. */
static inline TB_UNUSED void tb_count_is(struct tb_context *cx, u32 record, u32 number) {
  tb_store_of(cx)->count_numbers[record] = (u16)number;
}
/* It is executed; the branch that it is goes elsewhere. */
static inline TB_UNUSED void tb_count(struct tb_context *cx, u32 record) { tb_store_of(cx)->count_executed[record]++; }
static inline TB_UNUSED void tb_count_taken(struct tb_context *cx, u32 record) {
  tb_store_of(cx)->count_taken[record]++;
}
/* The call that it is, which finds its target when it runs, found this function. */
void tb_count_call(struct tb_context *cx, u32 record, u32 function);

#endif
