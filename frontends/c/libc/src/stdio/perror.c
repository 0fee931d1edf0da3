#include <errno.h>
#include <stdio.h>
#include <string.h>

void perror(const char *text) {
  const char *what = strerror(errno);
  if (text && *text) fprintf(stderr, "%s: %s\n", text, what);
  else fprintf(stderr, "%s\n", what);
}
