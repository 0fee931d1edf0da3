/* The state of a program: records in no order, and how one is changed. */
#ifndef TB_LEDGER_STATE_H
#define TB_LEDGER_STATE_H
#include "tb_ledger.h"

enum { TB_LEDGER_ABSENT = 0xffff }; /* as the size of a value: the key has none */

/* Gives the key of *record* the value that it has there. There must be room for it. */
void tb_ledger_put(struct tb_context *cx, const struct tb_ledger_record *record);

#endif
