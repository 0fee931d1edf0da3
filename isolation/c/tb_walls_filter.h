/* A filter of system calls, as seccomp takes it. */
#ifndef TB_WALLS_FILTER_H
#define TB_WALLS_FILTER_H
#include "tb_walls.h"

enum { TB_WALLS_FILTER_MOST = 1024 };

struct tb_walls_filter {
  u32 length;
  u64 code[TB_WALLS_FILTER_MOST];
};

/* Lets those calls through and exit_group; others raise SIGSYS, those of other numberings kill. 0 if it grows too long. */
u32 tb_walls_filter(struct tb_walls_filter *filter, const struct tb_walls_call *calls, u32 count);

#endif
