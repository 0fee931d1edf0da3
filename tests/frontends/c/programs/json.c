/* Reads JSON from standard input, prints it indented with sorted keys, and some facts about it. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NUL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT } Kind;

typedef struct Value Value;
struct Value {
  Kind kind;
  bool boolean;
  double number;
  char *string;
  size_t count, room;
  Value **items;
  char **keys;
};

static const char *text;
static size_t at;
static int depth, deepest;

static void fail(const char *what) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at; i++) {
    column++;
    if (text[i] == '\n') line++, column = 1;
  }
  printf("error: %s at line %zu, column %zu\n", what, line, column);
  exit(1);
}

static void *checked(void *block) {
  if (!block) {
    puts("out of memory");
    exit(2);
  }
  return block;
}

static void blanks(void) {
  while (isspace((unsigned char)text[at])) at++;
}

static Value *make(Kind kind) {
  Value *v = checked(calloc(1, sizeof *v));
  v->kind = kind;
  return v;
}

static void add(Value *to, char *key, Value *item) {
  if (to->count == to->room) {
    to->room = to->room ? to->room * 2 : 4;
    to->items = checked(realloc(to->items, to->room * sizeof *to->items));
    to->keys = checked(realloc(to->keys, to->room * sizeof *to->keys));
  }
  to->keys[to->count] = key;
  to->items[to->count++] = item;
}

static unsigned hex4(void) {
  unsigned code = 0;
  for (int i = 0; i < 4; i++) {
    char c = text[at];
    if (!isxdigit((unsigned char)c)) fail("bad escape");
    code = code * 16 + (unsigned)(isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10);
    at++;
  }
  return code;
}

static size_t utf8(char *to, unsigned code) {
  if (code < 0x80) return to[0] = (char)code, 1;
  if (code < 0x800) return to[0] = (char)(0xc0 | code >> 6), to[1] = (char)(0x80 | (code & 63)), 2;
  if (code < 0x10000) {
    to[0] = (char)(0xe0 | code >> 12), to[1] = (char)(0x80 | (code >> 6 & 63)),
    to[2] = (char)(0x80 | (code & 63));
    return 3;
  }
  to[0] = (char)(0xf0 | code >> 18), to[1] = (char)(0x80 | (code >> 12 & 63));
  to[2] = (char)(0x80 | (code >> 6 & 63)), to[3] = (char)(0x80 | (code & 63));
  return 4;
}

static char *string(void) {
  size_t length = 0, room = 16;
  char *made = checked(malloc(room));
  at++;
  while (text[at] != '"') {
    if (!text[at]) fail("string without end");
    if (length + 5 > room) made = checked(realloc(made, room *= 2));
    if (text[at] != '\\') {
      made[length++] = text[at++];
      continue;
    }
    char c = text[++at];
    at++;
    switch (c) {
      case 'n': made[length++] = '\n'; break;
      case 't': made[length++] = '\t'; break;
      case 'r': made[length++] = '\r'; break;
      case 'b': made[length++] = '\b'; break;
      case 'f': made[length++] = '\f'; break;
      case 'u': {
        unsigned code = hex4();
        if (code >= 0xd800 && code < 0xdc00 && text[at] == '\\' && text[at + 1] == 'u') {
          at += 2;
          code = 0x10000 + ((code - 0xd800) << 10) + (hex4() - 0xdc00);
        }
        length += utf8(made + length, code);
        break;
      }
      case '"':
      case '\\':
      case '/': made[length++] = c; break;
      default: fail("bad escape");
    }
  }
  at++;
  made[length] = 0;
  return made;
}

static Value *value(void);

static Value *container(Kind kind, char close) {
  Value *v = make(kind);
  if (++depth > deepest) deepest = depth;
  at++;
  blanks();
  while (text[at] != close) {
    char *key = NULL;
    if (v->count) {
      if (text[at] != ',') fail("expected ,");
      at++;
      blanks();
    }
    if (kind == OBJECT) {
      if (text[at] != '"') fail("expected a key");
      key = string();
      blanks();
      if (text[at++] != ':') fail("expected :");
    }
    add(v, key, value());
    blanks();
  }
  at++;
  depth--;
  return v;
}

static Value *value(void) {
  blanks();
  char c = text[at];
  if (c == '{') return container(OBJECT, '}');
  if (c == '[') return container(ARRAY, ']');
  if (c == '"') {
    Value *v = make(STRING);
    v->string = string();
    return v;
  }
  if (!strncmp(text + at, "null", 4)) return at += 4, make(NUL);
  if (!strncmp(text + at, "true", 4) || !strncmp(text + at, "false", 5)) {
    Value *v = make(BOOLEAN);
    v->boolean = c == 't';
    at += v->boolean ? 4 : 5;
    return v;
  }
  if (c == '-' || isdigit((unsigned char)c)) {
    Value *v = make(NUMBER);
    char *end;
    v->number = strtod(text + at, &end);
    at = (size_t)(end - text);
    return v;
  }
  fail(c ? "unexpected character" : "unexpected end");
  return NULL;
}

static void quoted(const char *s) {
  putchar('"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') printf("\\%c", *s);
    else if ((unsigned char)*s < 32) printf("\\u%04x", *s);
    else putchar(*s);
  }
  putchar('"');
}

static Value *sorting;
static int by_key(const void *a, const void *b) {
  size_t i = *(const size_t *)a, j = *(const size_t *)b;
  int order = strcmp(sorting->keys[i], sorting->keys[j]);
  return order ? order : i < j ? -1 : i > j;
}

static void print(Value *v, int indent) {
  switch (v->kind) {
    case NUL: printf("null"); return;
    case BOOLEAN: printf("%s", v->boolean ? "true" : "false"); return;
    case NUMBER: printf("%.17g", v->number); return;
    case STRING: quoted(v->string); return;
    default: break;
  }
  if (!v->count) {
    printf(v->kind == ARRAY ? "[]" : "{}");
    return;
  }
  size_t *order = checked(malloc(v->count * sizeof *order));
  for (size_t i = 0; i < v->count; i++) order[i] = i;
  if (v->kind == OBJECT) {
    sorting = v;
    qsort(order, v->count, sizeof *order, by_key);
  }
  puts(v->kind == ARRAY ? "[" : "{");
  for (size_t i = 0; i < v->count; i++) {
    printf("%*s", indent + 2, "");
    if (v->kind == OBJECT) quoted(v->keys[order[i]]), printf(": ");
    print(v->items[order[i]], indent + 2);
    puts(i + 1 < v->count ? "," : "");
  }
  printf("%*s%c", indent, "", v->kind == ARRAY ? ']' : '}');
  free(order);
}

static double total(Value *v) {
  double sum = v->kind == NUMBER ? v->number : 0;
  for (size_t i = 0; i < v->count; i++) sum += total(v->items[i]);
  return sum;
}

int main(void) {
  size_t size = 0, room = 64, got;
  char *all = checked(malloc(room));
  while ((got = fread(all + size, 1, room - size - 1, stdin)) > 0) {
    size += got;
    if (size + 1 == room) all = checked(realloc(all, room *= 2));
  }
  all[size] = 0;
  text = all;
  Value *v = value();
  blanks();
  if (text[at]) fail("something behind the value");
  print(v, 0);
  printf("\ndepth %d, sum %g\n", deepest, total(v));
  return 0;
}
