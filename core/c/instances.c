/* Programs that programs run. Whoever runs another waits for its end: what is mapped last is given back first. */
#include "tb_instances.h"
#include "tb_mapping.h"
#include "tb_entry.h"

/* In place of tb_platform_map: memory that is given back with the instance that took it. */
void *tb_instances_map(struct tb_context *cx, void *address, u64 bytes) {
  struct tb_mapping *mapping = bytes < TB_INSTANCES_MOST ? tb_platform_try_map(address, bytes + sizeof *mapping) : 0;
  if (!mapping) TB_FAIL(cx, "the system gives no memory");
  tb_instances_keep(cx, mapping, bytes + sizeof *mapping);
  return mapping + 1;
}

void tb_instances_empty(struct tb_context *cx) {
  tb_release(cx);
  while (cx->mappings) {
    struct tb_mapping *mapping = cx->mappings;
    cx->mappings = mapping->below;
    tb_platform_unmap(mapping, mapping->bytes);
  }
}

u32 tb_instances_run(struct tb_context *outer, const struct tb_image *image) {
  struct tb_instance *instance = tb_platform_try_map(0, sizeof *instance);
  if (!instance) TB_FAIL(outer, "the system gives no memory");
  struct tb_context *cx = &instance->context;
  cx->store = &instance->store;
  cx->store->image = *image;
  tb_enter(cx, outer);
  u32 trap = tb_run_whole(cx);
  tb_leave(cx, outer);
  if (trap) tb_before_block(outer); /* its output comes before the report */
  u32 status = (u32)tb_status(cx, trap) & 0xff;
  tb_instances_empty(cx);
  tb_platform_unmap(instance, sizeof *instance);
  return status;
}
