/* What a host calls in its guest. */
#ifndef TB_GUEST_CALLS_H
#define TB_GUEST_CALLS_H
#include "tb_guest.h"

/* The call that is in the mail: its result is there afterwards. */
void tb_guest_call(struct tb_guest *guest);

#endif
