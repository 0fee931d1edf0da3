/* WASI has no current folder: a program is given folders as descriptors, from 3 on, each with the name by
 * which the program knows it. */
#include "tb_paths.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tb_host.h"

struct given {
  uint8_t kind;
  size_t length;
};

WASI(fd_prestat_get) int wasi_given(int descriptor, struct given *given);
WASI(fd_prestat_dir_name) int wasi_given_name(int descriptor, char *to, size_t size);
WASI(path_unlink_file) int wasi_unlink(int folder, const char *path, size_t length);
WASI(path_rename)
int wasi_rename(int from, const char *path, size_t length, int to, const char *other, size_t other_length);

/* "./" before a path means nothing. */
static const char *plain(const char *path) {
  while (path[0] == '.' && path[1] == '/')
    for (path += 2; *path == '/';) path++;
  return path;
}

/* What follows of a path behind that of a folder; NULL where it is not below it. */
static const char *behind(const char *path, const char *folder, size_t length) {
  while (length && folder[length - 1] == '/') length--;
  if (length == 1 && *folder == '.') length = 0;
  else if (!length) return *path == '/' ? path + strspn(path, "/") : NULL; /* "/" itself */
  if (!length) return *path == '/' ? NULL : path;
  if (strncmp(path, folder, length) || (path[length] != '/' && path[length])) return NULL;
  path += length;
  return path + strspn(path, "/");
}

const char *__tb_below(const char *name, int *folder) {
  struct given given;
  const char *found = NULL;
  size_t best = 0;
  name = plain(name);
  for (int descriptor = 3; !wasi_given(descriptor, &given); descriptor++) {
    char *text = malloc(given.length + 1);
    if (!text) return NULL;
    if (!wasi_given_name(descriptor, text, given.length)) {
      text[given.length] = 0;
      const char *start = plain(text), *rest = behind(name, start, strlen(start));
      if (rest && (!found || strlen(start) > best)) {
        found = *rest ? rest : ".";
        best = strlen(start);
        *folder = descriptor;
      }
    }
    free(text);
  }
  return found;
}

static int done(int error) {
  if (error) errno = error;
  return error ? -1 : 0;
}

int remove(const char *name) {
  int folder;
  const char *path = __tb_below(name, &folder);
  return done(path ? wasi_unlink(folder, path, strlen(path)) : ENOENT);
}

int rename(const char *from, const char *to) {
  int folder, other;
  const char *path = __tb_below(from, &folder), *goal = __tb_below(to, &other);
  return done(path && goal ? wasi_rename(folder, path, strlen(path), other, goal, strlen(goal)) : ENOENT);
}
