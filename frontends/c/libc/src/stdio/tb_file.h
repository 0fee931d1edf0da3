/* Streams. Standard input and output are the machine's own, byte by byte, which it collects itself; others
 * are descriptors of WASI. What those need is there only with stderr or fopen: tb_files.h. */
#ifndef TB_FILE_H
#define TB_FILE_H
#include <stdio.h>
#include "tb_host.h"

enum { FAILED = 1, ENDED = 2, READS = 4, WRITES = 8, APPENDS = 16, UPDATES = 32 };

/* descriptor: of WASI; 0 and 1 are standard input and output. pushed: a byte that ungetc gave back, -1 for
 * none. A stream with a buffer (size > 0) has in it either bytes that were read, from `at` to `end`, or bytes
 * that are to be written, up to `at`, and then `end` is 0. */
struct __tb_file {
  int descriptor;
  unsigned flags;
  int pushed;
  unsigned char *buffer;
  size_t size, at, end;
  FILE *next;
};

/* Writes bytes to a stream; how many of them. */
size_t __tb_write(FILE *file, const char *from, size_t size);
/* The next byte of a stream, or EOF. */
int __tb_read(FILE *file);

/* The same for streams that are not the machine's own; nothing where there are none. */
size_t __tb_file_write(FILE *file, const char *from, size_t size);
int __tb_file_read(FILE *file);

#endif
