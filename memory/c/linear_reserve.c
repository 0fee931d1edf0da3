/* In place of tb_platform_reserve: addresses that are given back with the instance that took them. What is in front of
 * them keeps its place in the list of the instance, on pages of its own. */
#include "tb_mapping.h"
#include "tb_platform.h"

enum { TB_LINEAR_FRONT = 64 << 10 }; /* pages of no system are larger */

void *tb_linear_reserve(struct tb_context *cx, u64 bytes) {
  bytes += TB_LINEAR_FRONT;
  u8 *at = tb_platform_reserve(bytes);
  if (!at) return 0;
  if (!tb_platform_use(at, TB_LINEAR_FRONT)) {
    tb_platform_unmap(at, bytes);
    return 0;
  }
  tb_instances_keep(cx, (struct tb_mapping *)(void *)at, bytes);
  return at + TB_LINEAR_FRONT;
}
