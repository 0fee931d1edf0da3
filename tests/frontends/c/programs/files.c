/* Works on files: counts lines, words and bytes; sorts lines; copies backwards; appends; finds; as its
 * arguments say. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *name) {
  fprintf(stderr, "%s: cannot be opened\n", name);
  printf("no %s: %d\n", name, errno == ENOENT);
  return 1;
}

static int count(const char *name) {
  FILE *file = strcmp(name, "-") ? fopen(name, "r") : stdin;
  if (!file) return failed(name);
  long lines = 0, words = 0, bytes = 0;
  int inside = 0;
  for (int c; (c = getc(file)) != EOF; bytes++) {
    lines += c == '\n';
    if (isspace(c)) inside = 0;
    else if (!inside) inside = 1, words++;
  }
  printf("%4ld %4ld %4ld %s\n", lines, words, bytes, name);
  if (file != stdin) fclose(file);
  return 0;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int sort(const char *from, const char *to) {
  char line[256], **lines = NULL;
  size_t size = 0, room = 0;
  FILE *file = fopen(from, "r");
  if (!file) return failed(from);
  while (fgets(line, sizeof line, file)) {
    if (size == room) lines = realloc(lines, (room = room * 2 + 4) * sizeof *lines);
    lines[size++] = strdup(line);
  }
  fclose(file);
  qsort(lines, size, sizeof *lines, by_text);
  file = fopen(to, "w");
  if (!file) return failed(to);
  for (size_t i = 0; i < size; i++) {
    fprintf(file, "%3zu %s", i + 1, lines[i]);
    free(lines[i]);
  }
  free(lines);
  return fclose(file) != 0;
}

/* By seeking from the end. */
static int backwards(const char *name) {
  FILE *file = fopen(name, "rb");
  if (!file) return failed(name);
  fseek(file, 0, SEEK_END);
  for (long at = ftell(file); at-- > 0;) {
    fseek(file, at, SEEK_SET);
    int c = fgetc(file);
    putchar(c == '\n' ? '|' : c);
    if (ftell(file) != at + 1) puts("wrong place");
  }
  putchar('\n');
  rewind(file);
  int first = fgetc(file);
  ungetc('#', file);
  int pushed = fgetc(file);
  printf("%c%c %d\n", first, pushed, feof(file));
  return fclose(file);
}

static int append(const char *name, const char *text) {
  FILE *file = fopen(name, "a");
  if (!file) return failed(name);
  fputs(text, file);
  fputc('\n', file);
  return fclose(file) != 0;
}

/* A record file, read and written in place. */
static int records(const char *name) {
  struct {
    int number;
    char text[12];
  } record = {0, ""};
  FILE *file = fopen(name, "w+b");
  if (!file) return failed(name);
  for (int i = 0; i < 100; i++) {
    record.number = i * i;
    snprintf(record.text, sizeof record.text, "number %d", i);
    if (fwrite(&record, sizeof record, 1, file) != 1) return 1;
  }
  for (int i = 99; i >= 0; i -= 7) {
    fseek(file, (long)sizeof record * i, SEEK_SET);
    if (fread(&record, sizeof record, 1, file) != 1) return 1;
    record.number = -record.number;
    fseek(file, -(long)sizeof record, SEEK_CUR);
    fwrite(&record, sizeof record, 1, file);
  }
  rewind(file);
  long sum = 0;
  size_t got = 0;
  while (fread(&record, sizeof record, 1, file) == 1) sum += record.number, got++;
  printf("%zu records, sum %ld, last %s, at the end %d\n", got, sum, record.text, feof(file) != 0);
  return fclose(file) != 0;
}

int main(int argc, char **argv) {
  int status = 0;
  for (int i = 1; i < argc; i++) {
    printf("%s:\n", argv[i]);
    if (!strcmp(argv[i], "count") && i + 1 < argc) status |= count(argv[++i]);
    else if (!strcmp(argv[i], "sort") && i + 2 < argc) status |= sort(argv[i + 1], argv[i + 2]), i += 2;
    else if (!strcmp(argv[i], "backwards") && i + 1 < argc) status |= backwards(argv[++i]);
    else if (!strcmp(argv[i], "append") && i + 2 < argc) status |= append(argv[i + 1], argv[i + 2]), i += 2;
    else if (!strcmp(argv[i], "records") && i + 1 < argc) status |= records(argv[++i]);
    else if (!strcmp(argv[i], "remove") && i + 1 < argc) status |= remove(argv[++i]) != 0;
    else if (!strcmp(argv[i], "rename") && i + 2 < argc)
      status |= rename(argv[i + 1], argv[i + 2]) != 0, i += 2;
    else return fprintf(stderr, "what is %s?\n", argv[i]), 2;
  }
  return status;
}
