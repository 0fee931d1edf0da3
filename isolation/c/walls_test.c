/* Once the walls are up: what must not be possible is tried. A filter that is not there, or not the one that was meant,
 * is found out before anything runs behind it. */
#include "tb_walls_steps.h"
#include "walls_linux.h"

/* The process's own memory as a file: by it all that is read-only can be written. It is stopped by the filter, or by
 * landlock where a program has files: then nobody knows what it was given. */
static u32 tb_walls_memory_is_shut(const struct tb_walls *what) {
  static const char memory[] = "/proc/self/mem";
  const u64 arguments[6] = {(u64)-100, (u64)memory, 02000002, 0, 0, 0}; /* AT_FDCWD; O_RDWR | O_CLOEXEC */
  long answer;
  what->found->error = TB_LINUX_OPENAT;
  what->found->tried++;
  return tb_walls_stops(TB_LINUX_OPENAT, arguments, &answer) || answer == -13 || answer == -1 || what->places_count;
}

u32 tb_walls_test(const struct tb_walls *what) {
  static const u16 never[] = {TB_WALLS_NEVER};
  static const u64 all[6] = {TB_WALLS_AS_IS, TB_WALLS_AS_IS, TB_WALLS_AS_IS, TB_WALLS_AS_IS, TB_WALLS_AS_IS, TB_WALLS_AS_IS};
  long answer;
  for (u32 i = 0; i < sizeof never / sizeof *never; i++) {
    what->found->error = never[i];
    what->found->tried++;
    /* Where it was a fork, two processes come here, and both end. */
    if (!tb_walls_stops(never[i], all, &answer)) return 1;
  }
  if (!tb_walls_memory_is_shut(what)) return 1;
  what->found->error = 0;
  return 0;
}
