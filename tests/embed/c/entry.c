/* Interface `entry` of executables that embed themselves. */
#include "tb_platform.h"
#include "exercise.h"

#ifdef TB_HOSTED
#include "tb_hosted.h"
#include <stdlib.h>
#endif

size_t around_read(void *to, size_t bytes) {
  size_t done = 0;
  while (done < bytes) {
    long some = tb_platform_read(0, (u8 *)to + done, bytes - done);
    if (some <= 0) break;
    done += (size_t)some;
  }
  return done;
}

void around_write(const void *from, size_t bytes) {
  static u8 buffer[4096];
  static u64 used;
  const u8 *at = from;
  if (!from || used + bytes > sizeof buffer) {
    for (u64 done = 0; done < used;) done += (u64)tb_platform_write(1, buffer + done, used - done);
    used = 0;
  }
  if (bytes > sizeof buffer) tb_platform_exit(3);
  for (size_t i = 0; i < bytes; i++) buffer[used++] = at[i];
}

_Noreturn void around_end(int status) {
  around_write(0, 0);
  tb_platform_exit(status);
}

#ifdef TB_HOSTED
/* A block of its own, so that a sanitizer sees what is read behind it. */
void *around_take(size_t bytes) {
  static void *taken;
  free(taken);
  return taken = malloc(bytes);
}
int64_t around_mapped(void) { return tb_hosted_mapped; }
int around_refuse(int64_t later) {
  tb_hosted_later = later;
  return 1;
}
#else
void *around_take(size_t bytes) {
  static u64 memory[1 << 18];
  return bytes <= sizeof memory ? memory : 0;
}
int64_t around_mapped(void) { return 0; }
int around_refuse(int64_t later) {
  (void)later;
  return 0;
}
#endif

_Noreturn void tb_entry(const void *start) {
  (void)start;
  exercise();
  around_end(0);
}
