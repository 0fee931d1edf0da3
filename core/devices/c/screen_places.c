/* Where the screen's file is made while the program runs. */
#include "tb_devices.h"
#include "tb_platform.h"

void tb_screen_places(struct tb_context *cx) {
  static const char file[] = TB_SCREEN_FILE;
  char folder[sizeof file + 2] = ".";
  u32 end = 0;
  for (u32 i = 0; file[i]; i++)
    if (file[i] == '/') end = i + 1;
  if (end) {
    __builtin_memcpy(folder, file, end);
    folder[end] = 0;
  }
  if (!file[0] || !tb_store_of(cx)->screen_pixels) return;
  long opened = tb_platform_open(folder);
  /* Where there is none, writing says so. */
  if (opened >= 0) TB_PLACE(cx, (int)opened, 1);
}
