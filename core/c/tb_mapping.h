/* What is mapped for one instance, where there can be several. */
#ifndef TB_MAPPING_H
#define TB_MAPPING_H
#include "tb.h"

/* What is mapped for an instance, in a list: the row of each stands at its start. */
struct tb_mapping {
  _Alignas(16) struct tb_mapping *below; /* what follows it is aligned so */
  u64 bytes;
};
static inline TB_UNUSED void tb_instances_keep(struct tb_context *cx, struct tb_mapping *mapping, u64 bytes) {
  mapping->below = cx->mappings;
  mapping->bytes = bytes;
  cx->mappings = mapping;
}

#endif
