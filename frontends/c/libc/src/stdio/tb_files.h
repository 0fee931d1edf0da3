/* Streams of WASI's descriptors. */
#ifndef TB_FILES_H
#define TB_FILES_H
#include "tb_file.h"

struct piece {
  const void *from;
  size_t size;
};

WASI(fd_write) int wasi_write(int descriptor, const struct piece *pieces, size_t count, size_t *done);

/* Writes to the descriptor itself, all or as much as it takes. */
size_t __tb_descriptor_write(FILE *file, const unsigned char *from, size_t size);

#endif
