#include <stdlib.h>
#include <string.h>
#include "tb_start.h"

WASI(environ_sizes_get) int wasi_environ_sizes(size_t *count, size_t *bytes);
WASI(environ_get) int wasi_environ(char **pointers, char *texts);

static char **variables;

static int read(void) {
  size_t count, bytes;
  if (wasi_environ_sizes(&count, &bytes) || count >= 0x10000000 || bytes >= 0x40000000) return 0;
  variables = malloc((count + 1) * sizeof *variables + bytes);
  if (!variables || wasi_environ(variables, (char *)(variables + count + 1))) return 0;
  variables[count] = NULL;
  return 1;
}

char *getenv(const char *name) {
  size_t length = strlen(name);
  if (!variables && !read()) return NULL;
  for (char **each = variables; *each; each++)
    if (!strncmp(*each, name, length) && (*each)[length] == '=') return *each + length + 1;
  return NULL;
}

int system(const char *command) { return command ? -1 : 0; }
