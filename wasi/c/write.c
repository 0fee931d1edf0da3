/* fd_write. */
#include "tb_p1_fd.h"
#include "tb_platform.h"

static long tb_p1_write_step(struct tb_context *cx, const struct tb_p1_entry *entry, u8 *at, u64 bytes, u64 offset) {
  (void)offset;
  if (TB_P1_IS_CONSOLE(entry)) return tb_p1_console_write(cx, entry->host, at, bytes);
  return tb_platform_write(entry->host, at, bytes);
}

u32 tb_p1_fd_write(struct tb_context *cx, u32 fd, u32 iovs, u32 count, u32 written_at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, TB_P1_FD_WRITE, &entry);
  return error ? error : tb_p1_vector(cx, entry, iovs, count, 0, written_at, tb_p1_write_step);
}
