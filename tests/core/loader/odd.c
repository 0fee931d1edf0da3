/* The services of page `odd`: nothing runs them. */
#include "tb.h"

u32 tb_odd_keep(struct tb_context *cx, cell *kept);
void tb_odd_wait(struct tb_context *cx);

u32 tb_odd_keep(struct tb_context *cx, cell *kept) { return cx != 0 && kept != 0; }
void tb_odd_wait(struct tb_context *cx) { (void)cx; }
