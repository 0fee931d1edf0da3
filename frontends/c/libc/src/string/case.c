#include <ctype.h>
#include <string.h>

int strncasecmp(const char *one, const char *other, size_t size) {
  for (; size; one++, other++, size--) {
    int a = tolower((unsigned char)*one), b = tolower((unsigned char)*other);
    if (a != b || !a) return a - b;
  }
  return 0;
}

int strcasecmp(const char *one, const char *other) { return strncasecmp(one, other, (size_t)-1); }
