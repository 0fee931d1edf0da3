/* What tests need of WASI, without a library. */
typedef unsigned u32;
typedef unsigned long long u64;
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) extern
WASI(args_sizes_get) u32 args_sizes_get(u32 *, u32 *);
WASI(args_get) u32 args_get(char **, char *);
WASI(environ_sizes_get) u32 environ_sizes_get(u32 *, u32 *);
WASI(environ_get) u32 environ_get(char **, char *);
WASI(clock_time_get) u32 clock_time_get(u32, u64, u64 *);
WASI(random_get) u32 random_get(void *, u32);
WASI(fd_write) u32 fd_write(u32, const void *, u32, u32 *);
WASI(fd_read) u32 fd_read(u32, const void *, u32, u32 *);
WASI(fd_close) u32 fd_close(u32);
WASI(fd_prestat_get) u32 fd_prestat_get(u32, u32 *);
WASI(fd_prestat_dir_name) u32 fd_prestat_dir_name(u32, char *, u32);
WASI(path_open) u32 path_open(u32, u32, const char *, u32, u32, u64, u64, u32, u32 *);
WASI(poll_oneoff) u32 poll_oneoff(const void *, void *, u32, u32 *);
WASI(proc_exit) _Noreturn void proc_exit(u32);

struct iov {
  const void *at;
  u32 bytes;
};
static inline u32 length(const char *text) {
  u32 bytes = 0;
  while (text[bytes]) bytes++;
  return bytes;
}
static inline void say(u32 fd, const char *text) {
  struct iov iov = {text, length(text)};
  u32 done;
  while (iov.bytes && !fd_write(fd, &iov, 1, &done)) iov.at = (const char *)iov.at + done, iov.bytes -= done;
}
static inline void number(u32 value) {
  char digits[11], *at = digits + 10;
  *at = 0;
  do *--at = (char)('0' + value % 10);
  while (value /= 10);
  say(1, at);
}
void _start(void);
