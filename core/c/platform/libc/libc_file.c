/* Files to read and to write. */
#include "tb_libc.h"

enum { TB_LIBC_FILES = 8, TB_LIBC_FIRST = 3 };
static FILE *tb_libc_files[TB_LIBC_FILES];

FILE *tb_libc_stream(int descriptor) {
  if (descriptor == 0) return stdin;
  if (descriptor == 1) return stdout;
  if (descriptor == 2) return stderr;
  if (descriptor < TB_LIBC_FIRST || descriptor >= TB_LIBC_FIRST + TB_LIBC_FILES) return 0;
  return tb_libc_files[descriptor - TB_LIBC_FIRST];
}

static long tb_libc_open(const char *path, const char *how) {
  for (int i = 0; i < TB_LIBC_FILES; i++) {
    if (tb_libc_files[i]) continue;
    errno = 0;
    tb_libc_files[i] = fopen(path, how);
    return tb_libc_files[i] ? TB_LIBC_FIRST + i : tb_libc_error();
  }
  return -24; /* EMFILE */
}

long tb_platform_open(const char *path) { return tb_libc_open(path, "rb"); }
long tb_platform_open_write(const char *path) { return tb_libc_open(path, "wb"); }

long tb_platform_close(int descriptor) {
  FILE *file = tb_libc_stream(descriptor);
  if (!file || descriptor < TB_LIBC_FIRST) return -9;
  tb_libc_files[descriptor - TB_LIBC_FIRST] = 0;
  errno = 0;
  return fclose(file) ? tb_libc_error() : 0;
}

long tb_platform_rename(const char *from, const char *to) {
  errno = 0;
  if (!rename(from, to)) return 0;
  long error = tb_libc_error();
  /* Where a file does not take another one's place by itself. */
  return !TB_POSIX && !remove(to) && !rename(from, to) ? 0 : error;
}

long tb_platform_remove(const char *path) {
  errno = 0;
  return remove(path) ? tb_libc_error() : 0;
}
