#include <string.h>
#include "tb_file.h"

FILE __tb_stdin = {.descriptor = 0, .flags = READS, .pushed = -1};

UNLESS_NEEDED int __tb_file_read(FILE *file) {
  file->flags |= FAILED;
  return EOF;
}

int __tb_read(FILE *file) {
  int c = file->pushed;
  if (c >= 0) {
    file->pushed = -1;
    return c;
  }
  if (file->descriptor) return __tb_file_read(file);
  c = tb_getchar();
  if (c < 0) file->flags |= ENDED;
  return c;
}

int fgetc(FILE *file) { return __tb_read(file); }
int getc(FILE *file) { return __tb_read(file); }
int getchar(void) { return __tb_read(stdin); }

int ungetc(int c, FILE *file) {
  if (c == EOF || file->pushed >= 0) return EOF;
  file->flags &= ~(unsigned)ENDED;
  return file->pushed = (unsigned char)c;
}

char *fgets(char *restrict to, int size, FILE *restrict file) {
  char *at = to, *last = to + size - 1;
  if (size < 1) return NULL;
  while (at < last) {
    int c = __tb_read(file);
    if (c == EOF) {
      if (at == to || file->flags & FAILED) return NULL;
      break;
    }
    *at++ = (char)c;
    if (c == '\n') break;
  }
  *at = 0;
  return to;
}

size_t fread(void *restrict to, size_t size, size_t count, FILE *restrict file) {
  size_t bytes, done = 0;
  if (!size || __builtin_mul_overflow(size, count, &bytes)) return 0;
  for (int c; done < bytes && (c = __tb_read(file)) != EOF; done++)
    ((unsigned char *)to)[done] = (unsigned char)c;
  return done / size;
}
