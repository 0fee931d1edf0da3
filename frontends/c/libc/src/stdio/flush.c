#include "tb_file.h"

/* Standard output is the machine's to write; it does before it waits for input and at the end. */
UNLESS_NEEDED int __tb_file_flush(FILE *file) {
  (void)file;
  return 0;
}

int fflush(FILE *file) { return __tb_file_flush(file); }

int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size) {
  (void)file, (void)buffer, (void)size;
  return mode < _IOFBF || mode > _IONBF;
}

void setbuf(FILE *restrict file, char *restrict buffer) { (void)file, (void)buffer; }
