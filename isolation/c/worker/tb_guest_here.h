/* Where a worker's guest is: at an address that the host knows too. */
#ifndef TB_GUEST_HERE_H
#define TB_GUEST_HERE_H
#include "tb_guest.h"

#define TB_GUEST_ADDRESS 0x100000000000

static inline TB_UNUSED struct tb_guest *tb_guest_here(void) { return (struct tb_guest *)TB_GUEST_ADDRESS; }

#endif
