/* PNG with the least compression that is worth its code: each byte is stored as its difference from the same
 * component of the pixel to the left (filter Sub), and runs of equal bytes are matches at distance 1, in one
 * block of fixed Huffman codes (RFC 1951, 3.2.6). Areas of one color shrink to a hundredth; what does not
 * repeat grows by a sixteenth. */
#include "tb_png.h"
#include "tb_platform.h"

enum { TB_PNG_RUN = 258, TB_PNG_NONE = 256 };

static void put32(u8 *to, u32 number) {
  for (u32 i = 4; i--; number >>= 8) to[i] = (u8)number;
}

static void write_out(struct tb_png *png, const u8 *from, u32 bytes) {
  while (bytes && !png->error) {
    long done = tb_platform_write(png->descriptor, from, bytes);
    if (done <= 0) {
      png->error = done ? done : -5; /* EIO: a file takes something */
      return;
    }
    from += done;
    bytes -= (u32)done;
  }
}

/* Length, type, data, CRC-32 of type and data. */
static void end_chunk(struct tb_png *png, const char *type) {
  u8 *chunk = png->chunk;
  u32 crc = ~0u;
  put32(chunk, png->used);
  __builtin_memcpy(chunk + 4, type, 4);
  for (u32 at = 4; at < 8 + png->used; at++) {
    crc ^= chunk[at];
    for (u32 bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1) * 0xedb88320u;
  }
  put32(chunk + 8 + png->used, ~crc);
  write_out(png, chunk, 12 + png->used);
  png->used = 0;
}

static void put_byte(struct tb_png *png, u32 byte) {
  png->chunk[8 + png->used++] = (u8)byte;
  if (png->used == TB_PNG_CHUNK) end_chunk(png, "IDAT");
}

/* Bits go into bytes from the lowest on. */
static void put_bits(struct tb_png *png, u32 bits, u32 count) {
  png->bits |= bits << png->bit_count;
  png->bit_count += count;
  for (; png->bit_count >= 8; png->bit_count -= 8, png->bits >>= 8) put_byte(png, png->bits & 0xff);
}

/* The fixed Huffman code of a literal or a length; codes begin with their highest bit. */
static void put_code(struct tb_png *png, u32 symbol) {
  u32 code = symbol + 0x30, count = 8;
  if (symbol >= 280) code = symbol - 280 + 0xc0;
  else if (symbol >= 256) code = symbol - 256, count = 7;
  else if (symbol >= 144) code = symbol - 144 + 0x190, count = 9;
  u32 turned = 0;
  for (u32 i = 0; i < count; i++) turned |= (code >> i & 1) << (count - 1 - i);
  put_bits(png, turned, count);
}

/* The bytes that repeat the last one. */
static void end_run(struct tb_png *png) {
  u32 length = png->run;
  png->run = 0;
  if (length < 3) {
    while (length--) put_code(png, png->last);
    return;
  }
  u32 extra = length - 3, width = 0;
  if (length == TB_PNG_RUN) {
    put_code(png, 285);
  } else {
    for (; extra >> width >= 8; width++) continue;
    put_code(png, 257 + 4 * width + (extra >> width));
    put_bits(png, extra & ((1u << width) - 1), width);
  }
  put_bits(png, 0, 5); /* distance 1 */
}

static void put(struct tb_png *png, u32 byte) {
  png->sum_a = (png->sum_a + byte) % 65521;
  png->sum_b = (png->sum_b + png->sum_a) % 65521;
  if (byte == png->last && png->run < TB_PNG_RUN) {
    png->run++;
    return;
  }
  end_run(png);
  if (byte == png->last) {
    png->run = 1;
  } else {
    put_code(png, png->last = byte);
  }
}

void tb_png_start(struct tb_png *png, int descriptor, u32 width, u32 height) {
  /* 8 bits, RGB; deflate, five filters, no interlacing. */
  static const u8 signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, format[] = {8, 2, 0, 0, 0};
  *png = (struct tb_png){.descriptor = descriptor, .sum_a = 1, .last = TB_PNG_NONE, .used = 13};
  write_out(png, signature, sizeof signature);
  put32(png->chunk + 8, width);
  put32(png->chunk + 12, height);
  __builtin_memcpy(png->chunk + 16, format, sizeof format);
  end_chunk(png, "IHDR");
  put_bits(png, 0x0178, 16); /* zlib: deflate, a window of 32 KiB, least compression */
  put_bits(png, 3, 3);       /* the last block; fixed codes */
}

void tb_png_row(struct tb_png *png, const u8 *row, u32 bytes) {
  put(png, 1); /* filter Sub */
  for (u32 i = 0; i < bytes; i++) put(png, (row[i] - (i < 3 ? 0u : row[i - 3])) & 0xff);
}

void tb_png_finish(struct tb_png *png) {
  end_run(png);
  put_code(png, 256);
  put_bits(png, 0, 7); /* up to the end of the byte */
  png->bits = png->bit_count = 0;
  u8 sums[4];
  put32(sums, png->sum_b << 16 | png->sum_a);
  for (u32 i = 0; i < 4; i++) put_byte(png, sums[i]);
  if (png->used) end_chunk(png, "IDAT");
  end_chunk(png, "IEND");
}
