/* What WASI preview 1 offers, as far as it is used here. Each gives an error number, 0 for none; a module imports
 * what it calls. Structures are those of the specification (wasi_snapshot_preview1.witx). */
#ifndef TB_WASI_H
#define TB_WASI_H
#include "tb_platform.h"

#define TB_WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

struct tb_wasi_bytes {
  const void *at;
  u32 size;
};
struct tb_wasi_prestat {
  u32 tag, name_size;
};
/* tag: 0 for a clock, 1 for input of a descriptor. */
struct tb_wasi_subscription {
  u64 data;
  u64 tag;
  u32 which, unused;
  u64 timeout, precision, flags;
};
struct tb_wasi_event {
  u64 data;
  u16 error;
  u8 type;
  u64 bytes, flags;
};

TB_WASI(args_sizes_get) u32 tb_wasi_args_sizes_get(u32 *count, u32 *bytes);
TB_WASI(args_get) u32 tb_wasi_args_get(char **arguments, char *bytes);
TB_WASI(fd_read) u32 tb_wasi_fd_read(u32 descriptor, const struct tb_wasi_bytes *to, u32 count, u32 *done);
TB_WASI(fd_write) u32 tb_wasi_fd_write(u32 descriptor, const struct tb_wasi_bytes *from, u32 count, u32 *done);
TB_WASI(fd_close) u32 tb_wasi_fd_close(u32 descriptor);
TB_WASI(fd_prestat_get) u32 tb_wasi_fd_prestat_get(u32 descriptor, struct tb_wasi_prestat *found);
TB_WASI(fd_prestat_dir_name) u32 tb_wasi_fd_prestat_dir_name(u32 descriptor, char *name, u32 bytes);
TB_WASI(path_open)
u32 tb_wasi_path_open(u32 folder, u32 follow, const char *path, u32 bytes, u32 how, u64 rights, u64 inherited, u32 flags, u32 *descriptor);
TB_WASI(path_rename)
u32 tb_wasi_path_rename(u32 folder, const char *from, u32 from_bytes, u32 to_folder, const char *to, u32 to_bytes);
TB_WASI(path_unlink_file) u32 tb_wasi_path_unlink_file(u32 folder, const char *path, u32 bytes);
TB_WASI(clock_time_get) u32 tb_wasi_clock_time_get(u32 which, u64 precision, u64 *time);
TB_WASI(poll_oneoff)
u32 tb_wasi_poll_oneoff(const struct tb_wasi_subscription *what, struct tb_wasi_event *found, u32 count, u32 *done);
TB_WASI(proc_exit) _Noreturn void tb_wasi_proc_exit(u32 status);

/* An error number of WASI as the negative of Linux's. */
long tb_wasi_error(u32 error);

#endif
