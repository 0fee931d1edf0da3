/* Files to read and to write. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

/* Before the program starts: it is what modules are read from. */
long tb_platform_open(const char *path) {
  /* AT_FDCWD; O_RDONLY | O_CLOEXEC. */
  return tb_linux_early6(TB_LINUX_OPENAT, -100, (long)path, 02000000, 0, 0, 0);
}

long tb_platform_open_write(const char *path) {
  /* AT_FDCWD; O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC; what the umask leaves of rw-rw-rw-. */
  return tb_linux_call6(TB_LINUX_OPENAT, -100, (long)path, 02001101, 0666, 0, 0);
}

long tb_platform_close(int descriptor) { return tb_linux_call3(TB_LINUX_CLOSE, descriptor, 0, 0); }

/* renameat2, because RISC-V has no other. */
long tb_platform_rename(const char *from, const char *to) {
  return tb_linux_call6(TB_LINUX_RENAMEAT2, -100, (long)from, -100, (long)to, 0, 0);
}

long tb_platform_remove(const char *path) { return tb_linux_call3(TB_LINUX_UNLINKAT, -100, (long)path, 0); }
