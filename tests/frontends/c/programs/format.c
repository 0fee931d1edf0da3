/* A text formatter: fills paragraphs, justifies, centres, makes tables and lists; and all sorts of printf. */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 60

static char *words[1000];
static int count;

static void put_line(int from, int to, int length, int last) {
  int gaps = to - from - 1, spaces = WIDTH - length;
  for (int i = from; i < to; i++) {
    fputs(words[i], stdout);
    if (i + 1 == to) break;
    int fill = 1;
    if (!last && gaps > 0) {
      int share = (spaces + gaps - 1 - (i - from)) / gaps;
      if (share < 0) share = 0;
      fill += share;
    }
    printf("%*s", fill, "");
  }
  putchar('\n');
}

static void flush_paragraph(void) {
  int from = 0, length = 0;
  for (int i = 0; i < count; i++) {
    int size = (int)strlen(words[i]);
    if (i > from && length + 1 + size > WIDTH) {
      put_line(from, i, length, 0);
      from = i;
      length = size;
    } else {
      length += size + (i > from);
    }
  }
  if (from < count) put_line(from, count, length, 1);
  for (int i = 0; i < count; i++) free(words[i]);
  count = 0;
}

static void centre(const char *text) {
  int length = (int)strlen(text), left = length < WIDTH ? (WIDTH - length) / 2 : 0;
  printf("%*s%s\n", left, "", text);
}

static void rule(char c) {
  char line[WIDTH + 1];
  memset(line, c, WIDTH);
  line[WIDTH] = 0;
  puts(line);
}

static void number_table(void) {
  static const int values[] = {0, 1, -1, 42, -12345, INT_MAX, INT_MIN};
  static const char *const formats[] = {"[%d]",   "[%5d]",   "[%-8d]", "[%+d]", "[% d]", "[%08d]",
                                        "[%.3d]", "[%8.3d]", "[%x]",   "[%#x]", "[%X]",  "[%o]",
                                        "[%#o]",  "[%u]",    "[%hd]",  "[%hhu]"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    printf("%-8s", formats[f]);
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
      putchar(' ');
      printf(formats[f], values[v]);
    }
    putchar('\n');
  }
}

static void float_table(void) {
  static const double values[] = {0,     1,   -1.5, 3.14159265358979, 1e10, 1.23456e-7, 123456.5, 0.000123456,
                                  1e100, 2.5, 0.5};
  static const char *const formats[] = {"[%f]",      "[%.2f]",   "[%10.3f]", "[%-12.1f]", "[%+.0f]", "[%e]",
                                        "[%.3E]",    "[%g]",     "[%.3g]",   "[%#g]",     "[%G]",    "[%a]",
                                        "[%015.4f]", "[% .10g]", "[%#.0f]",  "[%.1a]"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    printf("%-10s", formats[f]);
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
      putchar(' ');
      printf(formats[f], values[v]);
    }
    putchar('\n');
  }
}

static void long_table(void) {
  static const int64_t values[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1234567890123};
  for (size_t v = 0; v < sizeof values / sizeof *values; v++)
    printf("%" PRId64 " %20" PRId64 " %-22" PRIi64 "| %" PRIu64 " %" PRIx64 " %#" PRIX64 " %" PRIo64 "\n",
           values[v], values[v], values[v], (uint64_t)values[v], (uint64_t)values[v], (uint64_t)values[v],
           (uint64_t)values[v]);
}

static void texts(void) {
  char buffer[32];
  printf("[%s] [%10s] [%-10s] [%.2s] [%10.3s] [%c] [%5c] [%-5c] %%\n", "abc", "abc", "abc", "abc", "abcdef",
         'x', 'y', 'z');
  int length = snprintf(buffer, 8, "%s and %s", "this", "that");
  printf("%d [%s]\n", length, buffer);
  length = snprintf(NULL, 0, "%d-%d", 123, 456);
  printf("%d\n", length);
  length = sprintf(buffer, "%*d|%-*d|%.*f", 6, 42, 6, 42, 2, 1.005);
  printf("%d [%s]\n", length, buffer);
  printf("%s %d%n", "counted", 7, &length);
  printf(" %d\n", length);
}

int main(void) {
  char line[512];
  int numbered = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0] == '=') {
      flush_paragraph();
      for (char *c = line; *c; c++) *c = (char)toupper((unsigned char)*c);
      centre(line + 1);
      rule('=');
    } else if (line[0] == '*') {
      flush_paragraph();
      printf("%3d. %s\n", ++numbered, line + 1);
    } else if (!line[0]) {
      flush_paragraph();
      putchar('\n');
    } else
      for (char *word = strtok(line, " \t"); word && count < 1000; word = strtok(NULL, " \t"))
        words[count++] = strdup(word);
  }
  flush_paragraph();
  rule('-');
  number_table();
  float_table();
  long_table();
  texts();
  return 0;
}
