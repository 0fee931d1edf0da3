/* Calls functions of the libc as lines of standard input say, and prints what they give: fields apart by
 * tabs, texts in hexadecimal. The first field names the call. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *fields[64];
static int field_count;

static char *unhex(char *text) {
  char *to = text, *from = text;
  unsigned byte;
  for (; sscanf(from, "%2x", &byte) == 1; from += 2) *to++ = (char)byte;
  *to = 0;
  return text;
}

static void show(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) printf("%02x", (unsigned char)text[i]);
  putchar(' ');
}

static uint64_t bits(double x) {
  uint64_t found;
  memcpy(&found, &x, 8);
  return found;
}

static double of_bits(const char *text) {
  uint64_t found = strtoull(text, NULL, 16);
  double x;
  memcpy(&x, &found, 8);
  return x;
}

/* format, width and precision for stars ("" for none), type, value */
static void print_one(void) {
  static char out[5000];
  const char *format = unhex(fields[1]), *type = fields[4];
  int w = atoi(fields[2]), p = atoi(fields[3]), stars = (*fields[2] != 0) + 2 * (*fields[3] != 0), size = -1;
#define CALL(value) \
  (stars == 0   ? snprintf(out, sizeof out, format, value) \
   : stars == 1 ? snprintf(out, sizeof out, format, w, value) \
   : stars == 2 ? snprintf(out, sizeof out, format, p, value) \
                : snprintf(out, sizeof out, format, w, p, value))
  switch (*type) {
    case 'i': size = CALL((int)strtoll(fields[5], NULL, 10)); break;
    case 'l': size = CALL(strtoll(fields[5], NULL, 10)); break;
    case 'f': size = CALL(of_bits(fields[5])); break;
    case 's': size = CALL(unhex(fields[5])); break;
    default: break;
  }
  printf("%d %s", size, out);
}

static void convert(void) {
  char *text = unhex(fields[1]), *end = text;
  int base = atoi(fields[2]);
  uint64_t found = 0;
  errno = 0;
  switch (fields[0][1]) {
    case 'd': found = bits(strtod(text, &end)); break;
    case 'f': {
      float x = strtof(text, &end);
      uint32_t narrow;
      memcpy(&narrow, &x, 4);
      found = narrow;
      break;
    }
    case 'l': found = (uint64_t)strtoll(text, &end, base); break;
    case 'u': found = strtoull(text, &end, base); break;
    case 'L': { /* long has 32 bits here, and perhaps 64 elsewhere */
      long value = strtol(text, &end, base);
      if (value > INT32_MAX) value = INT32_MAX, errno = ERANGE;
      if (value < INT32_MIN) value = INT32_MIN, errno = ERANGE;
      found = (uint64_t)(int64_t)value;
      break;
    }
    default: break;
  }
  int not_a_number = fields[0][1] == 'd'   ? (found & INT64_MAX) > 0x7ff0000000000000
                     : fields[0][1] == 'f' ? (found & INT32_MAX) > 0x7f800000
                                           : 0;
  printf("%" PRIx64 " %d %d", not_a_number ? 1 : found, (int)(end - text), errno == ERANGE);
}

static void scan(void) {
  char *format = unhex(fields[1]), *text = unhex(fields[2]), word[80] = "unset", other[80] = "unset";
  int32_t a = -77, b = -77;
  int64_t wide = -77;
  double x = -77;
  float y = -77;
  int count = 0;
  switch (*fields[3]) {
    case 'i': count = sscanf(text, format, &a, &b); break;
    case 'l': count = sscanf(text, format, &wide, &a); break;
    case 'f': count = sscanf(text, format, &x, &y); break;
    case 's': count = sscanf(text, format, word, other); break;
    default: count = sscanf(text, format, word, &a, &x); break;
  }
  printf("%d %d %d %" PRId64 " %.17g %.9g ", count, a, b, wide, x, (double)y);
  show(word, strlen(word));
  show(other, strlen(other));
}

static int by_first(const void *a, const void *b) {
  return *(const unsigned char *)a - *(const unsigned char *)b;
}

static void sort(void) {
  char *text = unhex(fields[1]);
  size_t size = (size_t)atoi(fields[2]), count = strlen(text) / size;
  qsort(text, count, size, by_first);
  int ordered = 1;
  for (size_t i = 1; i < count; i++)
    ordered &= (unsigned char)text[(i - 1) * size] <= (unsigned char)text[i * size];
  unsigned sum = 0;
  for (size_t i = 0; i < count * size; i++) sum += (unsigned char)text[i] * (1u + (unsigned)(i % size));
  char key = fields[3][0];
  const char *found = bsearch(&key, text, count, size, by_first);
  printf("%d %u %d", ordered, sum, found ? *found == key && (found - text) % (long)size == 0 : -1);
}

static int sign(int x) { return (x > 0) - (x < 0); }

static void place(const char *in, const char *found) { printf("%d ", found ? (int)(found - in) : -1); }

static void strings(void) {
  char *a = unhex(fields[1]), *b = unhex(fields[2]), buffer[300], *rest;
  size_t n = (size_t)atoi(fields[3]);
  int c = atoi(fields[4]);
  printf("%d %d %d ", sign(strcmp(a, b)), sign(strncmp(a, b, n)),
         sign(memcmp(a, b, strlen(a) < strlen(b) ? strlen(a) : strlen(b))));
  printf("%d %d ", sign(strcasecmp(a, b)), sign(strncasecmp(a, b, n)));
  place(a, strchr(a, c)), place(a, strrchr(a, c)), place(a, strstr(a, b)), place(a, strpbrk(a, b)),
      place(a, memchr(a, c, strlen(a)));
  printf("%zu %zu %zu %zu ", strspn(a, b), strcspn(a, b), strlen(a), strnlen(a, n));
  memset(buffer, '#', sizeof buffer);
  strncpy(buffer, a, n);
  show(buffer, n + 2);
  strcpy(buffer, a), strcat(buffer, b), strncat(buffer, a, n);
  show(buffer, strlen(buffer));
  memmove(buffer + n % 20, buffer, strlen(a));
  show(buffer, 60);
  printf("%zu ", (size_t)(stpcpy(buffer, b) - buffer));
  for (char *token = strtok_r(a, b, &rest); token; token = strtok_r(NULL, b, &rest))
    show(token, strlen(token));
}

static void characters(void) {
  static int (*const functions[])(int) = {isalnum, isalpha, isblank, iscntrl, isdigit, isgraph,
                                          islower, isprint, ispunct, isspace, isupper, isxdigit};
  for (int c = -1; c < 128; c++) {
    unsigned set = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
      set |= (unsigned)(functions[i](c) != 0) << i;
    printf("%x/%d/%d ", set, tolower(c), toupper(c));
  }
}

static void times(void) {
  time_t when = (time_t)strtoll(fields[1], NULL, 10);
  char out[300];
  struct tm *parts = gmtime(&when), copy = *parts;
  size_t size = strftime(out, sizeof out, unhex(fields[2]), parts);
  printf("%zu %s|", size, size ? out : "");
  copy.tm_mday += atoi(fields[3]);
  copy.tm_sec += atoi(fields[4]);
  time_t moved = mktime(&copy);
  printf("%lld %d-%d-%d %d:%d:%d %d %d", (long long)moved, copy.tm_year, copy.tm_mon, copy.tm_mday,
         copy.tm_hour, copy.tm_min, copy.tm_sec, copy.tm_wday, copy.tm_yday);
}

/* Allocates and frees as a random sequence says; what blocks hold must stay. */
static void allocate(void) {
  static struct {
    unsigned char *at;
    size_t size;
  } blocks[200];
  uint32_t state = (uint32_t)strtoul(fields[1], NULL, 10);
  int damaged = 0, misplaced = 0, steps = atoi(fields[2]);
  for (int i = 0; i < steps; i++) {
    state = state * 1664525u + 1013904223u;
    int which = (int)(state >> 8) % 200;
    size_t size = (state >> 16) % (state & 0x70 ? 200 : 5000);
    unsigned char *at = blocks[which].at;
    for (size_t k = 0; at && k < blocks[which].size; k++) damaged += at[k] != (unsigned char)(which + (int)k);
    switch (state >> 30) {
      case 0:
        free(at);
        at = NULL;
        break;
      case 1:
        free(at);
        at = calloc(size, 1);
        for (size_t k = 0; k < size; k++) damaged += at[k] != 0;
        break;
      case 2: {
        size_t kept = blocks[which].size < size ? blocks[which].size : size;
        unsigned char *other = realloc(at, size ? size : 1);
        for (size_t k = 0; at && k < kept; k++) damaged += other[k] != (unsigned char)(which + (int)k);
        at = other;
        break;
      }
      default:
        free(at);
        at = state & 1 ? malloc(size) : aligned_alloc(64, (size + 63) & ~(size_t)63);
        if (!(state & 1)) misplaced += (uintptr_t)at % 64 != 0;
    }
    misplaced += (uintptr_t)at % 8 != 0;
    blocks[which].at = at;
    blocks[which].size = at ? size : 0;
    for (size_t k = 0; at && k < size; k++) at[k] = (unsigned char)(which + (int)k);
  }
  for (int i = 0; i < 200; i++) free(blocks[i].at), blocks[i].at = NULL, blocks[i].size = 0;
  printf("%d %d", damaged, misplaced);
}

int main(void) {
  static char line[20000];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    field_count = 0;
    for (char *at = line; at && field_count < 60;) {
      fields[field_count++] = at;
      at = strchr(at, '\t');
      if (at) *at++ = 0;
    }
    for (int i = field_count; i < 60; i++) fields[i] = "";
    switch (fields[0][0]) {
      case 'p': print_one(); break;
      case 'c': convert(); break;
      case 's': scan(); break;
      case 'q': sort(); break;
      case 't': strings(); break;
      case 'k': characters(); break;
      case 'd': times(); break;
      case 'm': allocate(); break;
      default: printf("?");
    }
    putchar('\n');
  }
  return 0;
}
