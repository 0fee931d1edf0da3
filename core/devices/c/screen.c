/* The screen: pixels of three bytes, red, green, blue, row by row, and the file that shows them. The file is
 * written under another name first: whoever looks finds the old picture or the new one, never a part. */
#include "tb_devices.h"
#include "tb_platform.h"
#include "tb_png.h"
#include "tb_traps.h"

#define TB_SCREEN_PART TB_SCREEN_FILE ".part"

static long write_picture(struct tb_context *cx) {
  u32 width = tb_screen(cx)[0], height = tb_screen(cx)[1];
  long file = tb_platform_open_write(TB_SCREEN_PART);
  if (file < 0) return file;
  struct tb_png png;
  tb_png_start(&png, (int)file, width, height);
  const u8 *row = tb_store_of(cx)->screen_pixels;
  for (u32 y = 0; y < height && !png.error; y++, row += 3 * width) tb_png_row(&png, row, 3 * width);
  tb_png_finish(&png);
  long closed = tb_platform_close((int)file);
  long error = png.error ? png.error : closed;
  if (!error) error = tb_platform_rename(TB_SCREEN_PART, TB_SCREEN_FILE);
  if (error) tb_platform_remove(TB_SCREEN_PART);
  return error;
}

static u32 write_file(struct tb_context *cx) {
  if (!TB_SCREEN_FILE[0]) return 0; /* no file is wanted */
  long error = write_picture(cx);
  if (error) {
    tb_before_block(cx); /* what the program said comes first */
    tb_traps_say("tblvm: cannot write " TB_SCREEN_FILE ": system error ");
    tb_traps_say_number((u32)-error);
    tb_traps_say("\n");
    tb_store_of(cx)->screen_failed = 1;
  }
  return tb_store_of(cx)->screen_failed;
}

void tb_screen_start(struct tb_context *cx) {
  u64 bytes = 3ull * tb_screen(cx)[0] * tb_screen(cx)[1];
  if (bytes) tb_store_of(cx)->screen_pixels = TB_MEMORY_SCREEN(cx, 0, bytes);
}

void tb_screen_finish(struct tb_context *cx) {
  if (tb_store_of(cx)->screen_pixels && !tb_store_of(cx)->screen_failed) write_file(cx);
}

u32 tb_screen_set(struct tb_context *cx, u32 x, u32 y, u32 rgb) {
  u32 width = tb_screen(cx)[0], height = tb_screen(cx)[1];
  if (!width) return 2;
  if ((x & y) == ~0u) return write_file(cx) ? 3 : 0;
  if (x >= width || y >= height) return 1;
  u8 *pixel = tb_store_of(cx)->screen_pixels + 3 * ((u64)y * width + x);
  pixel[0] = (u8)(rgb >> 16);
  pixel[1] = (u8)(rgb >> 8);
  pixel[2] = (u8)rgb;
  return 0;
}
