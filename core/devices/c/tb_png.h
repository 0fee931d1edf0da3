/* Writes a picture as PNG (ISO/IEC 15948), row by row, with little memory. */
#ifndef TB_PNG_H
#define TB_PNG_H
#include "tb.h"

/* Bytes of compressed data in a chunk; there are as many chunks as it takes. */
enum { TB_PNG_CHUNK = 1024 };

/* descriptor: of the file; error: of the first write that failed, negative, else 0. The rest is png.c's. */
struct tb_png {
  int descriptor;
  long error;
  u32 used, bits, bit_count, sum_a, sum_b, last, run;
  u8 chunk[12 + TB_PNG_CHUNK];
};

/* Signature and header: 8 bits each of red, green, blue. */
void tb_png_start(struct tb_png *png, int descriptor, u32 width, u32 height);
/* The next row, three bytes for each pixel. */
void tb_png_row(struct tb_png *png, const u8 *row, u32 bytes);
void tb_png_finish(struct tb_png *png);

#endif
