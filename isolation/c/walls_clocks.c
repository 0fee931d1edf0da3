/* Clocks that take no system call: the processor's counter (RDTSC on x86-64), and the page in which the kernel shows the
 * time to whoever has its functions (vdso). Behind this there is the time that a host gives, and no other. */
#include "tb_walls_steps.h"
#include "walls_linux.h"

enum { TB_PR_SET_TSC = 26, TB_PR_TSC_SIGSEGV = 2, TB_MAPS_BYTES = 8192 };

static u32 tb_walls_starts(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return !*with;
}

static u64 tb_walls_hex(const char **text) {
  u64 number = 0;
  for (;; (*text)++) {
    u32 digit = (u32)(u8)**text;
    if (digit >= '0' && digit <= '9') number = number << 4 | (digit - '0');
    else if (digit >= 'a' && digit <= 'f') number = number << 4 | (digit - 'a' + 10);
    else return number;
  }
}

/* A kernel that has sealed its pages leaves them: then that clock is not shut, and nobody says that it is. */
static u32 tb_walls_page(const char *maps) {
  u32 all = 1;
  for (const char *line = maps; *line;) {
    const char *at = line;
    u64 start = tb_walls_hex(&at), end = 0;
    if (*at == '-') at++, end = tb_walls_hex(&at);
    for (; *at && *at != '\n'; at++)
      if (end > start && (tb_walls_starts(at, "[vvar") || tb_walls_starts(at, "[vdso]")))
        all &= tb_walls_call(TB_LINUX_MUNMAP, start, end - start, 0, 0, 0) == 0;
    line = at + (*at == '\n');
  }
  return all;
}

u32 tb_walls_clocks(const struct tb_walls *what) {
  static char maps[TB_MAPS_BYTES];
  if (!what->clockless) return 0;
  if (tb_walls_call(TB_WALLS_PRCTL, TB_PR_SET_TSC, TB_PR_TSC_SIGSEGV, 0, 0, 0) == 0) what->found->clocks |= TB_WALLS_COUNTER;
  long file = tb_walls_call(TB_LINUX_OPENAT, (u64)-100, (u64)"/proc/self/maps", 02000000, 0, 0);
  long bytes = file, used = 0;
  while (bytes >= 0 && used < TB_MAPS_BYTES - 1) {
    bytes = tb_walls_call(TB_LINUX_READ, (u64)file, (u64)(maps + used), (u64)(TB_MAPS_BYTES - 1 - used), 0, 0);
    if (bytes <= 0) break;
    used += bytes;
  }
  if (file >= 0) tb_walls_call(TB_LINUX_CLOSE, (u64)file, 0, 0, 0, 0);
  if (bytes == 0 && tb_walls_page(maps)) what->found->clocks |= TB_WALLS_PAGE;
  return 0;
}
