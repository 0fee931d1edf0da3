#include <stdlib.h>
#include <string.h>

char *strndup(const char *text, size_t size) {
  size_t length = strnlen(text, size);
  char *made = malloc(length + 1);
  if (!made) return NULL;
  memcpy(made, text, length);
  made[length] = 0;
  return made;
}

char *strdup(const char *text) { return strndup(text, (size_t)-1); }
