#include <errno.h>
#include "tb_files.h"

FILE __tb_stderr = {.descriptor = 2, .flags = WRITES, .pushed = -1};

UNLESS_NEEDED size_t __tb_buffered_write(FILE *file, const char *from, size_t size) {
  return __tb_descriptor_write(file, (const unsigned char *)from, size);
}

size_t __tb_descriptor_write(FILE *file, const unsigned char *from, size_t size) {
  size_t all = size, done;
  while (size) {
    int error = wasi_write(file->descriptor, &(struct piece){from, size}, 1, &done);
    if (error || !done) {
      errno = error;
      file->flags |= FAILED;
      break;
    }
    from += done;
    size -= done;
  }
  return all - size;
}

size_t __tb_file_write(FILE *file, const char *from, size_t size) {
  return __tb_buffered_write(file, from, size);
}
