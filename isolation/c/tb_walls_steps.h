/* Steps of tb_walls_up that have files of their own: 0, or 1 behind what went wrong in found->error. */
#ifndef TB_WALLS_STEPS_H
#define TB_WALLS_STEPS_H
#include "tb_walls.h"

/* Clocks that take no system call. */
u32 tb_walls_clocks(const struct tb_walls *what);

/* A pipe whose other end keeps the process alive. */
u32 tb_walls_lifeline(const struct tb_walls *what);

/* Signals are what they are at first, or ignored; those that a processor or the filter raises say what happened. */
u32 tb_walls_handlers(const struct tb_walls *what);

/* Tries calls that must not be possible. */
u32 tb_walls_test(const struct tb_walls *what);

/* Whether the filter stops a call with these six arguments. Otherwise what it answered is in *answer. */
u32 tb_walls_stops(u32 number, const u64 *arguments, long *answer);

#endif
