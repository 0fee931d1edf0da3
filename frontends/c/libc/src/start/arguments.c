/* main with arguments. */
#include <stdlib.h>
#include "tb_start.h"

WASI(args_sizes_get) int wasi_args_sizes(size_t *count, size_t *bytes);
WASI(args_get) int wasi_args(char **pointers, char *texts);

int __main_argc_argv(int count, char **arguments);

int __main_void(void) {
  size_t count, bytes;
  if (wasi_args_sizes(&count, &bytes) || count >= 0x10000000 || bytes >= 0x40000000) __builtin_trap();
  char **pointers = malloc((count + 1) * sizeof *pointers + bytes);
  if (!pointers || wasi_args(pointers, (char *)(pointers + count + 1))) __builtin_trap();
  pointers[count] = NULL;
  return __main_argc_argv((int)count, pointers);
}
