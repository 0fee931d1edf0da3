/* A JSON parser (RFC 8259) that makes a tree: a document of RECORDS records is written, parsed, walked and freed, REPEATS
   times. json REPEATS RECORDS. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { NOTHING, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT };

struct value {
  enum kind kind;
  struct value *first, *next; /* of arrays and objects */
  char *key, *text;
  double number;
};

static const char *at;

static _Noreturn void fail(const char *what) {
  printf("no JSON: %s\n", what);
  exit(1);
}

static void blanks(void) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static void expect(const char *word) {
  for (; *word; word++)
    if (*at++ != *word) fail("a word");
}

static unsigned hexadecimal(void) {
  unsigned code = 0;
  for (int i = 0; i < 4; i++) {
    char c = *at++;
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
    if (digit > 15) fail("a digit");
    code = code * 16 + digit;
  }
  return code;
}

static char *string(void) {
  if (*at++ != '"') fail("a string");
  const char *end = at;
  while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  char *made = malloc((size_t)(end - at) + 1), *to = made;
  while (*at != '"') {
    char c = *at++;
    if (!c) fail("the end in a string");
    if (c != '\\') {
      *to++ = c;
      continue;
    }
    unsigned code;
    switch (c = *at++) {
      case 'n': *to++ = '\n'; break;
      case 't': *to++ = '\t'; break;
      case 'r': *to++ = '\r'; break;
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'u':
        code = hexadecimal();
        if (code >= 0x800) {
          *to++ = (char)(0xe0 | code >> 12);
          *to++ = (char)(0x80 | (code >> 6 & 63));
          *to++ = (char)(0x80 | (code & 63));
        } else if (code >= 0x80) {
          *to++ = (char)(0xc0 | code >> 6);
          *to++ = (char)(0x80 | (code & 63));
        } else {
          *to++ = (char)code;
        }
        break;
      default: *to++ = c;
    }
  }
  at++;
  *to = 0;
  return made;
}

static int digit(void) { return *at >= '0' && *at <= '9'; }

static double number(void) {
  double found = 0, unit = 1;
  int negative = *at == '-', exponent = 0, down = 0;
  at += negative;
  if (!digit()) fail("a number");
  for (; digit(); at++) found = found * 10 + (*at - '0');
  if (*at == '.')
    for (at++; digit(); at++) {
      found = found * 10 + (*at - '0');
      unit *= 10;
    }
  if (*at == 'e' || *at == 'E') {
    at++;
    if ((down = *at == '-') || *at == '+') at++;
    for (; digit(); at++) exponent = exponent * 10 + (*at - '0');
  }
  found /= unit;
  for (; exponent; exponent--) found = down ? found / 10 : found * 10;
  return negative ? -found : found;
}

static struct value *value(void) {
  struct value *made = malloc(sizeof *made), **last = &made->first;
  made->first = made->next = NULL;
  made->key = made->text = NULL;
  made->number = 0;
  blanks();
  switch (*at) {
    case 'n': expect("null"), made->kind = NOTHING; break;
    case 't': expect("true"), made->kind = TRUE; break;
    case 'f': expect("false"), made->kind = FALSE; break;
    case '"': made->kind = STRING, made->text = string(); break;
    case '[':
    case '{': {
      char close = *at++ == '[' ? ']' : '}';
      made->kind = close == ']' ? ARRAY : OBJECT;
      for (blanks(); *at != close; blanks()) {
        if (made->first) {
          expect(",");
          blanks();
        }
        char *key = NULL;
        if (close == '}') {
          key = string();
          blanks();
          expect(":");
        }
        *last = value();
        (*last)->key = key;
        last = &(*last)->next;
      }
      at++;
      break;
    }
    default: made->kind = NUMBER, made->number = number();
  }
  return made;
}

static uint32_t hash(uint32_t seed, const char *text) {
  for (; text && *text; text++) seed = (seed ^ (unsigned char)*text) * 16777619u;
  return seed;
}

static uint32_t walk(const struct value *v) {
  uint32_t sum = hash(2166136261u + v->kind, v->key);
  sum = hash(sum, v->text) + (uint32_t)(int32_t)(v->number * 16);
  for (const struct value *each = v->first; each; each = each->next) sum = sum * 31 + walk(each);
  return sum;
}

static void drop(struct value *v) {
  for (struct value *each = v->first, *next; each; each = next) {
    next = each->next;
    drop(each);
  }
  free(v->key);
  free(v->text);
  free(v);
}

static char *put(char *to, const char *from) {
  while (*from) *to++ = *from++;
  return to;
}

static char *decimal(char *to, uint32_t x) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + x % 10);
  while (x /= 10);
  while (count) *to++ = digits[--count];
  return to;
}

static void document(char *to, int records) {
  uint32_t x = 7;
  *to++ = '[';
  for (int i = 0; i < records; i++) {
    x = x * 1664525 + 1013904223;
    to = put(to, i ? ",\n  {\"id\": " : "\n  {\"id\": ");
    to = decimal(to, (uint32_t)i);
    to = put(to, ", \"name\": \"n\\u00e4me ");
    to = decimal(to, x >> 20);
    to = put(to, "\\n\\\"quoted\\\"\", \"price\": -");
    to = decimal(to, x >> 24);
    to = put(to, ".");
    to = decimal(to, x >> 16 & 1023);
    to = put(to, x & 1 << 20 ? "e2, \"tags\": [\"red\", \"green\", \"blue\"]" : "e-1, \"tags\": []");
    to = put(to, x & 1 << 21 ? ", \"there\": true, \"at\": {\"x\": 1, \"y\": null}}" : ", \"there\": false}");
  }
  to = put(to, "\n]\n");
  *to = 0;
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, records = argc > 2 ? atoi(argv[2]) : 2000;
  char *text = malloc((size_t)records * 160 + 8);
  uint32_t sum = 0;
  document(text, records);
  while (repeats-- > 0) {
    at = text;
    struct value *tree = value();
    blanks();
    if (*at) fail("more than one value");
    sum = sum * 31 + walk(tree);
    drop(tree);
  }
  printf("%u\n", (unsigned)sum);
  free(text);
  return 0;
}
