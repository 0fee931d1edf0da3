/* Interface `instances`: a program within another one, with a store and a context of its own. */
#ifndef TB_INSTANCES_H
#define TB_INSTANCES_H
#include "tb.h"

struct tb_instance {
  struct tb_context context;
  struct tb_store store;
};
/* More is no size of anything: what is added to it does not overflow. */
#define TB_INSTANCES_MOST (1ull << 46)

/* Gives back all that an instance has in its list. */
void tb_instances_empty(struct tb_context *cx);

/* Runs a program to its end, and gives back all memory that it took. Gives the exit status that it would have as a
 * process of its own; the report of a trap is written as it is there. What *outer* shares with it (console, fuel,
 * deadline) goes on where it left it. */
u32 tb_instances_run(struct tb_context *outer, const struct tb_image *image);

#endif
