/* Platform layer for WebAssembly with WASI: start-up code, input and output. */
#include "tb_wasi.h"
#include "tb_polled.h"

/* Their number, and behind it pointers to them and null; an environment of none. */
static const void *tb_wasi_arguments(void) {
  u32 count = 0, bytes = 0;
  tb_wasi_args_sizes_get(&count, &bytes);
  char **start = tb_platform_map(0, (u64)(count + 3) * sizeof *start + bytes);
  *(long *)(void *)start = (long)count;
  tb_wasi_args_get(start + 1, (char *)(start + count + 3));
  return start;
}

__attribute__((export_name("_start"))) void _start(void);
void _start(void) { tb_entry(TB_ARGUMENTS ? tb_wasi_arguments() : 0); }

long tb_wasi_error(u32 error) {
  static const u8 numbers[] = {0,   7,   13, 98,  99, 97, 11, 114, 9,  74, 16,  125, 10, 103, 111, 104,
                             35,  89,  33, 122, 17, 14, 27, 113, 43, 84, 115, 4,   22, 5,   106, 21,
                             40,  24,  31, 90,  72, 36, 100, 102, 101, 23, 105, 19, 2,  8,   37,  67,
                             12,  42,  92, 28,  38, 107, 20, 39,  131, 88, 95,  25,  6,  75,  130, 1,
                             32,  71,  93, 91,  34, 30, 29, 3,   116, 110, 26,  18,  1};
  return error < sizeof numbers ? -(long)numbers[error] : -5;
}

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  const struct tb_wasi_bytes what = {from, (u32)bytes};
  u32 done = 0, error = tb_wasi_fd_write((u32)descriptor, &what, 1, &done);
  return error ? tb_wasi_error(error) : (long)done;
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  const struct tb_wasi_bytes where = {to, bytes > 0x7fffffff ? 0x7fffffff : (u32)bytes};
  if (!descriptor && tb_polled_wait_for(descriptor)) return -4;
  u32 done = 0, error = tb_wasi_fd_read((u32)descriptor, &where, 1, &done);
  return error ? tb_wasi_error(error) : (long)done;
}

_Noreturn void tb_platform_exit(int status) { tb_wasi_proc_exit((u32)status); }

_Noreturn void tb_platform_fail(const char *message, u64 bytes) {
  tb_platform_write(2, message, bytes);
  tb_platform_exit(134);
}
