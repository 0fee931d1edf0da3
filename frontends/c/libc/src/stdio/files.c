/* Files below the folders that the program was given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tb_files.h"
#include "tb_paths.h"

#define BUFFER 1024

WASI(fd_read) int wasi_read(int descriptor, const struct piece *pieces, size_t count, size_t *done);
WASI(fd_close) int wasi_close(int descriptor);
WASI(fd_seek) int wasi_seek(int descriptor, int64_t offset, int whence, uint64_t *position);
WASI(path_open)
int wasi_open(int folder, int follow, const char *path, size_t length, int how, uint64_t rights,
              uint64_t inherited, int flags, int *descriptor);

void __tb_wants_end(void);
size_t __tb_buffered_write(FILE *file, const char *from, size_t size);

static FILE *opened;

static int fails(FILE *file, int error) {
  if (!error) return 0;
  errno = error;
  file->flags |= FAILED;
  return EOF;
}

/* What was collected is written; what was read ahead is given back. */
int __tb_file_flush(FILE *file) {
  if (!file) {
    int status = 0;
    for (FILE *each = opened; each; each = each->next) status |= __tb_file_flush(each);
    return status;
  }
  size_t at = file->at, end = file->end;
  file->at = file->end = 0;
  if (!file->size) return 0;
  if (!end) return at && __tb_descriptor_write(file, file->buffer, at) != at ? EOF : 0;
  uint64_t position;
  return end > at ? fails(file, wasi_seek(file->descriptor, -(int64_t)(end - at), SEEK_CUR, &position)) : 0;
}

void __tb_flush_files(void) { __tb_file_flush(NULL); }

size_t __tb_buffered_write(FILE *file, const char *from, size_t size) {
  if (!(file->flags & WRITES)) {
    errno = EBADF;
    file->flags |= FAILED;
    return 0;
  }
  if (!file->size) return __tb_descriptor_write(file, (const unsigned char *)from, size);
  if (file->end && __tb_file_flush(file)) return 0;
  for (size_t left = size; left;) {
    size_t part = file->size - file->at < left ? file->size - file->at : left;
    memcpy(file->buffer + file->at, from, part);
    file->at += part, from += part, left -= part;
    if (file->at == file->size && __tb_file_flush(file)) return size - left;
  }
  return size;
}

int __tb_file_read(FILE *file) {
  if (!(file->flags & READS)) return fails(file, EBADF);
  if (file->at < file->end) return file->buffer[file->at++];
  if (!file->end && file->at && __tb_file_flush(file)) return EOF;
  file->at = file->end = 0;
  size_t done;
  if (fails(file, wasi_read(file->descriptor, &(struct piece){file->buffer, file->size}, 1, &done)))
    return EOF;
  if (!done) {
    file->flags |= ENDED;
    return EOF;
  }
  file->end = done;
  return file->buffer[file->at++];
}

/* flags of a mode, and how WASI opens such a file; 0 for no mode. */
static unsigned read_mode(const char *mode, int *how, int *flags) {
  enum { CREATE = 1, EXCLUSIVE = 4, TRUNCATE = 8 };
  int plus = strchr(mode, '+') != NULL, exclusive = strchr(mode, 'x') != NULL;
  unsigned both = plus ? READS | WRITES | UPDATES : 0;
  *flags = 0;
  if (*mode == 'r') return *how = 0, READS | both;
  *how = CREATE | (exclusive ? EXCLUSIVE : 0);
  if (*mode == 'w') return *how |= TRUNCATE, WRITES | both;
  if (*mode == 'a') return *flags = 1, WRITES | APPENDS | both;
  return 0;
}

static int open_descriptor(const char *name, int how, unsigned mode, int flags, int *descriptor) {
  enum { READ = 2, SEEK = 4, TELL = 32, WRITE = 64, FOLLOW = 1 };
  int folder;
  const char *path = __tb_below(name, &folder);
  if (!path) return ENOENT;
  uint64_t rights = SEEK | TELL | (mode & READS ? READ : 0) | (mode & WRITES ? WRITE : 0);
  return wasi_open(folder, FOLLOW, path, strlen(path), how, rights, 0, flags, descriptor);
}

FILE *fopen(const char *restrict name, const char *restrict mode) {
  int how, flags, descriptor;
  unsigned found = read_mode(mode, &how, &flags);
  int error = found ? open_descriptor(name, how, found, flags, &descriptor) : EINVAL;
  if (error) {
    errno = error;
    return NULL;
  }
  FILE *file = malloc(sizeof *file + BUFFER);
  if (!file) {
    wasi_close(descriptor);
    return NULL;
  }
  __tb_wants_end();
  *file = (FILE){descriptor, found, -1, (unsigned char *)(file + 1), BUFFER, 0, 0, opened};
  return opened = file;
}

int fclose(FILE *file) {
  int status = __tb_file_flush(file);
  if (!file->size) return status; /* a standard stream */
  FILE **link = &opened;
  while (*link && *link != file) link = &(*link)->next;
  if (*link) *link = file->next;
  if (fails(file, wasi_close(file->descriptor))) status = EOF;
  free(file);
  return status;
}

/* A standard stream becomes that of a file: it gets a buffer then, and stays where it is. */
FILE *freopen(const char *restrict name, const char *restrict mode, FILE *restrict file) {
  int how, flags, descriptor;
  __tb_file_flush(file);
  if (file->size) wasi_close(file->descriptor);
  unsigned found = name ? read_mode(mode, &how, &flags) : 0;
  int error = found ? open_descriptor(name, how, found, flags, &descriptor) : EINVAL;
  unsigned char *buffer = file->size ? file->buffer : error ? NULL : malloc(BUFFER);
  if (error || !buffer) {
    errno = error ? error : ENOMEM;
    return NULL;
  }
  __tb_wants_end();
  if (!file->size) file->next = opened, opened = file;
  file->descriptor = descriptor, file->flags = found, file->pushed = -1;
  file->buffer = buffer, file->size = BUFFER;
  return file;
}

static int seek(FILE *file, int64_t offset, int whence, uint64_t *position) {
  if (!file->size) return fails(file, ESPIPE);
  if (__tb_file_flush(file)) return EOF;
  if (file->pushed >= 0 && whence == SEEK_CUR) offset--;
  file->pushed = -1;
  int error = wasi_seek(file->descriptor, offset, whence, position);
  if (error) {
    errno = error;
    return EOF;
  }
  file->flags &= ~(unsigned)ENDED;
  return 0;
}

static int64_t tell(FILE *file) {
  uint64_t position;
  int pushed = file->pushed;
  if (!file->size || wasi_seek(file->descriptor, 0, SEEK_CUR, &position)) {
    errno = ESPIPE;
    return -1;
  }
  int64_t ahead = file->end ? -(int64_t)(file->end - file->at) : (int64_t)file->at;
  return (int64_t)position + ahead - (pushed >= 0);
}

int fseek(FILE *file, long offset, int whence) {
  uint64_t position;
  return seek(file, offset, whence, &position);
}

long ftell(FILE *file) {
  int64_t found = tell(file);
  if (found > INT32_MAX) {
    errno = EOVERFLOW;
    return -1;
  }
  return (long)found;
}

void rewind(FILE *file) {
  fseek(file, 0, SEEK_SET);
  file->flags &= ~(unsigned)FAILED;
}

int fgetpos(FILE *restrict file, fpos_t *restrict position) { return (*position = tell(file)) < 0 ? -1 : 0; }

int fsetpos(FILE *file, const fpos_t *position) {
  uint64_t found;
  return seek(file, *position, SEEK_SET, &found);
}
