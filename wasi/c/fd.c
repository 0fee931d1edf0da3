/* fd_*: what programs ask of any descriptor, the console's too. */
#include "tb_p1_files.h"

u32 tb_p1_fd_close(struct tb_context *cx, u32 fd) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  return error ? error : tb_p1_drop(cx, fd);
}

u32 tb_p1_fd_fdstat_get(struct tb_context *cx, u32 fd, u32 at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  u8 *to = tb_p1_at(cx, at, 24);
  if (!to) return TB_P1_FAULT;
  __builtin_memset(to, 0, 24);
  *to = entry->kind;
  tb_store_u16(to + 2, entry->flags);
  tb_store_u64(to + 8, entry->base);
  tb_store_u64(to + 16, entry->inheriting);
  return TB_P1_SUCCESS;
}

/* A position, or how far it moves. whence: from the start, from where it is, from the end. */
static u32 tb_p1_seek(struct tb_context *cx, const struct tb_p1_entry *entry, u64 offset, u32 whence, u32 at) {
  if (TB_P1_IS_CONSOLE(entry)) return TB_P1_SPIPE;
  if (entry->kind != TB_P1_REGULAR_FILE || whence > 2) return TB_P1_INVAL;
  u8 *to = tb_p1_at(cx, at, 8);
  if (!to) return TB_P1_FAULT;
  long done = tb_files_seek(entry->host, offset, whence);
  if (done < 0) return tb_p1_error(done);
  tb_store_u64(to, (u64)done);
  return TB_P1_SUCCESS;
}

u32 tb_p1_fd_seek(struct tb_context *cx, u32 fd, u64 offset, u32 whence, u32 at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  if (TB_P1_IS_CONSOLE(entry)) return TB_P1_SPIPE;
  /* Whoever moves nowhere only asks. */
  if (~entry->base & (whence == 1 && !offset ? TB_P1_FD_TELL : TB_P1_FD_SEEK)) return TB_P1_NOTCAPABLE;
  return tb_p1_seek(cx, entry, offset, whence, at);
}

/* wasi_unstable counts from: where it is, the end, the start. */
u32 tb_p0_fd_seek(struct tb_context *cx, u32 fd, u64 offset, u32 whence, u32 at) {
  return tb_p1_fd_seek(cx, fd, offset, whence > 2 ? whence : (whence + 1) % 3, at);
}

u32 tb_p1_fd_tell(struct tb_context *cx, u32 fd, u32 at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  if (!TB_P1_IS_CONSOLE(entry) && ~entry->base & TB_P1_FD_TELL) return TB_P1_NOTCAPABLE;
  return tb_p1_seek(cx, entry, 0, 1, at);
}

u32 tb_p1_fd_fdstat_set_flags(struct tb_context *cx, u32 fd, u32 flags) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, TB_P1_FD_FDSTAT_SET_FLAGS, &entry);
  if (error) return error;
  if (TB_P1_IS_CONSOLE(entry)) return flags ? TB_P1_NOTSUP : TB_P1_SUCCESS;
  /* Append and non-blocking can be changed; the others are settled when a file is opened. */
  if ((flags ^ entry->flags) & ~(u32)(TB_P1_APPEND | TB_P1_NONBLOCK)) return TB_P1_INVAL;
  long done = tb_files_flags(entry->host, tb_p1_opened(flags));
  if (done < 0) return tb_p1_error(done);
  entry->flags = (u16)flags;
  return TB_P1_SUCCESS;
}

static u32 tb_p1_known(struct tb_context *cx, u32 fd, u32 at, u32 bytes) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, TB_P1_FD_FILESTAT_GET, &entry);
  if (error) return error;
  if (!TB_P1_IS_CONSOLE(entry)) return tb_p1_stat(cx, entry->host, at, bytes);
  u8 *to = tb_p1_at(cx, at, bytes);
  if (!to) return TB_P1_FAULT;
  __builtin_memset(to, 0, bytes);
  to[16] = entry->kind;
  return TB_P1_SUCCESS;
}

u32 tb_p1_fd_filestat_get(struct tb_context *cx, u32 fd, u32 at) { return tb_p1_known(cx, fd, at, TB_P1_STAT); }
u32 tb_p0_fd_filestat_get(struct tb_context *cx, u32 fd, u32 at) { return tb_p1_known(cx, fd, at, TB_P0_STAT); }

/* What a program expects to read is no secret, and no help. */
u32 tb_p1_fd_advise(struct tb_context *cx, u32 fd, u64 offset, u64 bytes, u32 advice) {
  (void)offset, (void)bytes;
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  if (TB_P1_IS_CONSOLE(entry)) return TB_P1_SPIPE;
  if (~entry->base & TB_P1_FD_ADVISE) return TB_P1_NOTCAPABLE;
  return advice > 5 ? TB_P1_INVAL : TB_P1_SUCCESS;
}

static u32 tb_p1_settle(struct tb_context *cx, u32 fd, u64 right, u32 data_only) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  if (TB_P1_IS_CONSOLE(entry)) return TB_P1_INVAL;
  if (~entry->base & right) return TB_P1_NOTCAPABLE;
  long done = tb_files_sync(entry->host, data_only);
  return done < 0 ? tb_p1_error(done) : TB_P1_SUCCESS;
}

u32 tb_p1_fd_sync(struct tb_context *cx, u32 fd) { return tb_p1_settle(cx, fd, TB_P1_FD_SYNC, 0); }
u32 tb_p1_fd_datasync(struct tb_context *cx, u32 fd) { return tb_p1_settle(cx, fd, TB_P1_FD_DATASYNC, 1); }

/* The directories that were granted are told one by one, up to a descriptor that is none. */
u32 tb_p1_fd_prestat_get(struct tb_context *cx, u32 fd, u32 at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error || !entry->name) return TB_P1_BADF;
  u8 *to = tb_p1_at(cx, at, 8);
  if (!to) return TB_P1_FAULT;
  tb_store_u32(to, 0); /* a directory */
  tb_store_u32(to + 4, entry->name_bytes);
  return TB_P1_SUCCESS;
}

u32 tb_p1_fd_prestat_dir_name(struct tb_context *cx, u32 fd, u32 at, u32 bytes) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error || !entry->name) return TB_P1_BADF;
  if (bytes < entry->name_bytes) return TB_P1_NAMETOOLONG;
  u8 *to = tb_p1_at(cx, at, entry->name_bytes);
  if (!to) return TB_P1_FAULT;
  __builtin_memcpy(to, entry->name, entry->name_bytes);
  return TB_P1_SUCCESS;
}
