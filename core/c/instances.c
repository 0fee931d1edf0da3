/* Programs that programs run. Whoever runs another waits for its end: what is mapped last is given back first. */
#include "tb_instances.h"
#include "tb_entry.h"

struct tb_mapping {
  struct tb_mapping *below;
  u64 bytes;
};
static struct tb_mapping *tb_mappings;

/* In place of tb_platform_map: memory that is given back when the program ends that took it. */
void *tb_instances_map(void *address, u64 bytes) {
  struct tb_mapping *mapping = tb_platform_map(address, bytes + sizeof *mapping);
  mapping->below = tb_mappings;
  mapping->bytes = bytes + sizeof *mapping;
  tb_mappings = mapping;
  return mapping + 1;
}

static void tb_instances_unmap(struct tb_mapping *until) {
  while (tb_mappings != until) {
    struct tb_mapping *mapping = tb_mappings;
    tb_mappings = mapping->below;
    tb_platform_unmap(mapping, mapping->bytes);
  }
}

struct tb_instance {
  struct tb_context context;
  struct tb_store store;
};

u32 tb_instances_run(struct tb_context *outer, const struct tb_image *image) {
  struct tb_mapping *before = tb_mappings;
  struct tb_instance *instance = tb_instances_map(0, sizeof *instance);
  struct tb_context *cx = &instance->context;
  cx->store = &instance->store;
  cx->store->image = *image;
  tb_enter(cx, outer);
  u32 trap = tb_run(cx, TB_ENTRY(cx));
  tb_leave(cx, outer);
  if (trap) tb_before_block(outer); /* its output comes before the report */
  u32 status = (u32)tb_status(cx, trap) & 0xff;
  tb_instances_unmap(before);
  return status;
}
