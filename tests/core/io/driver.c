/* Runs the console's C on a system that does what it is told. Commands, one a line:
 *   i HEX           print an i32            f HEX   print an f32       d HEX   write an f64's text
 *   s TYPE HEX...   print a string of bytes or units (in hexadecimal, `.` for none); type 0: null
 *   p HEX           put a byte              F       flush              r, g    read an i32, get a byte
 *   W N / R N       what the next write / read that is not yet told gives: a limit of bytes, or an error
 *   t HEX...        the input from here on
 * and prints `w BYTES` for a write, `b` for a block, `r STATUS VALUE`, `g VALUE`. */
#include "tb_io.h"
#include "tb_platform.h"
#include "tb_rt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS = 4096, LINE = 1 << 18, OBJECT = 64 };

static long write_plan[PLANS], read_plan[PLANS];
static int writes, writes_planned, reads, reads_planned;
static char line[LINE];
static u8 *input;
static size_t input_at, input_end;

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  if (descriptor != 1 || bytes == 0) abort();
  long plan = writes < writes_planned ? write_plan[writes++] : (long)bytes;
  if (plan <= 0) return plan;
  if ((u64)plan < bytes) bytes = (u64)plan;
  printf("w ");
  for (u64 i = 0; i < bytes; i++) printf("%02x", ((const u8 *)from)[i]);
  printf("\n");
  return (long)bytes;
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  if (descriptor != 0 || bytes == 0) abort();
  long plan = reads < reads_planned ? read_plan[reads++] : (long)bytes;
  if (plan <= 0) return plan;
  if ((u64)plan < bytes) bytes = (u64)plan;
  if (bytes > input_end - input_at) bytes = input_end - input_at;
  if (bytes != 0) memcpy(to, input + input_at, bytes);
  input_at += bytes;
  return (long)bytes;
}

void test_before_block(struct tb_context *cx) {
  printf("b\n");
  tb_io_flush(cx);
}

/* The numbers of *width* digits in *text*, as bytes or units of half as many bytes; gives their count. */
static u32 parse(u8 *to, const char *text, int width) {
  u32 count = 0;
  if (*text == '.') return 0;
  for (; *text > ' '; text += width, count++) {
    char one[5] = {0};
    memcpy(one, text, (size_t)width);
    u16 number = (u16)strtoul(one, NULL, 16);
    memcpy(to + count * (u32)width / 2, &number, (size_t)width / 2);
  }
  return count;
}

static void print_string(struct tb_context *cx, u32 type, const char *text) {
  if (type == 0) {
    tb_io_print_string(cx, 0);
    return;
  }
  int width = type == TB_TYPE_UTF16 ? 4 : 2;
  size_t bytes = *text == '.' ? 0 : strcspn(text, " \n") / 2;
  cx->cage = malloc(OBJECT + TB_HEADER + bytes);
  if (cx->cage == NULL) abort();
  tb_store_u32(cx->cage + OBJECT, 0xab000000u | type); /* the collector's byte is not the type's */
  tb_store_u32(cx->cage + OBJECT + 4, parse(cx->cage + OBJECT + TB_HEADER, text, width));
  tb_io_print_string(cx, OBJECT);
  free(cx->cage);
  cx->cage = NULL;
}

static void print_f64(struct tb_context *cx, u64 bits) {
  u8 text[TB_RT_FLOAT_TEXT];
  u8 *at = tb_rt_float_text(text + sizeof text, bits, 11, 52);
  tb_io_write(cx, at, (u32)(text + sizeof text - at));
}

int main(void) {
  struct tb_context cx = {calloc(1, sizeof(struct tb_store)), NULL};
  if (cx.store == NULL) abort();
  while (fgets(line, LINE, stdin) != NULL) {
    const char *rest = line + 2;
    u64 number = strtoull(rest, NULL, 16);
    u32 result = 0, status;
    switch (line[0]) {
      case 'i': tb_io_print_i32(&cx, (u32)number); break;
      case 'f': tb_io_print_f32(&cx, tb_f32_bits((u32)number)); break;
      case 'd': print_f64(&cx, number); break;
      case 's': print_string(&cx, (u32)number, strchr(rest, ' ') + 1); break;
      case 'p': tb_io_put_byte(&cx, (u32)number); break;
      case 'F': tb_io_flush(&cx); break;
      case 'g': printf("g %u\n", tb_io_get_byte(&cx)); break;
      case 'r':
        status = tb_io_read_i32(&cx, &result);
        printf("r %u %d\n", status, (s32)result);
        break;
      case 'W': write_plan[writes_planned++] = strtol(rest, NULL, 10); break;
      case 'R': read_plan[reads_planned++] = strtol(rest, NULL, 10); break;
      case 't':
        free(input);
        input = malloc(LINE);
        if (input == NULL) abort();
        input_at = 0;
        input_end = parse(input, rest, 2);
        break;
      default: abort();
    }
  }
  free(input);
  free(cx.store);
  return 0;
}
