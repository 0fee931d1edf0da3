/* A small Scheme: integers, symbols, pairs, lambda, define, if, let, quote, set!, begin; with a garbage
 * collector that copies. Programs come from standard input; the value of each expression is printed. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTEGER, SYMBOL, PAIR, PRIMITIVE, CLOSURE, MOVED };
typedef struct Object Object;
struct Object {
  int kind;
  union {
    int64_t integer;
    const char *name;
    struct {
      Object *first, *rest;
    };
    Object *(*primitive)(Object *);
    struct {
      Object *lambda, *scope;
    };
    Object *to;
  };
};

#define HEAP 6000
static Object spaces[2][HEAP], *space = spaces[0];
static int used, collections;
static Object nil = {.kind = SYMBOL, .name = "()"}, yes = {.kind = SYMBOL, .name = "#t"},
              no = {.kind = SYMBOL, .name = "#f"};
static Object *symbols = &nil, *global = &nil;
static Object **roots[4000];
static int root_count, deepest;

#define KEEP(x) (roots[root_count++] = &(x), root_count > 3900 ? fail("too deep") : (void)0)
#define DROP(n) (root_count -= (n))

static void fail(const char *what) {
  printf("error: %s\n", what);
  exit(3);
}

static Object *moved(Object *o) {
  if (o < spaces[0] || o >= &spaces[1][HEAP]) return o;
  if (o->kind == MOVED) return o->to;
  Object *copy = &space[used++];
  *copy = *o;
  o->kind = MOVED;
  o->to = copy;
  return copy;
}

static void collect(void) {
  space = space == spaces[0] ? spaces[1] : spaces[0];
  used = 0;
  collections++;
  symbols = moved(symbols);
  global = moved(global);
  for (int i = 0; i < root_count; i++) *roots[i] = moved(*roots[i]);
  for (int i = 0; i < used; i++) {
    if (space[i].kind == PAIR) space[i].first = moved(space[i].first), space[i].rest = moved(space[i].rest);
    if (space[i].kind == CLOSURE)
      space[i].lambda = moved(space[i].lambda), space[i].scope = moved(space[i].scope);
  }
  if (used > HEAP - 100) fail("out of memory");
}

static Object *make(int kind) {
  if (used == HEAP) collect();
  Object *o = &space[used++];
  memset(o, 0, sizeof *o);
  o->kind = kind;
  return o;
}

static Object *cons(Object *first, Object *rest) {
  KEEP(first), KEEP(rest);
  Object *o = make(PAIR);
  DROP(2);
  o->first = first;
  o->rest = rest;
  return o;
}

static Object *integer(int64_t value) {
  Object *o = make(INTEGER);
  o->integer = value;
  return o;
}

static Object *symbol(const char *name) {
  for (Object *s = symbols; s != &nil; s = s->rest)
    if (!strcmp(s->first->name, name)) return s->first;
  Object *o = make(SYMBOL);
  o->name = strdup(name);
  KEEP(o);
  symbols = cons(o, symbols);
  DROP(1);
  return o;
}

static int look = ' ';
static void advance(void) { look = getchar(); }

static Object *read(void) {
  for (;; advance()) {
    if (look == ';')
      while (look != '\n' && look != EOF) advance();
    if (!isspace(look)) break;
  }
  if (look == EOF) return NULL;
  if (look == '\'') {
    advance();
    Object *o = cons(read(), &nil);
    KEEP(o);
    o = cons(symbol("quote"), o);
    DROP(1);
    return o;
  }
  if (look == '(') {
    Object *items = &nil, *list = &nil;
    KEEP(items), KEEP(list);
    for (advance();;) {
      while (isspace(look)) advance();
      if (look == ')' || look == EOF) break;
      Object *item = read();
      items = cons(item, items);
    }
    advance();
    for (; items != &nil; items = items->rest) list = cons(items->first, list);
    DROP(2);
    return list;
  }
  char word[64];
  size_t length = 0;
  for (; look != EOF && !isspace(look) && !strchr("()'", look); advance())
    if (length < 63) word[length++] = (char)look;
  word[length] = 0;
  if (!length) fail("unexpected )");
  char *end;
  long long value = strtoll(word, &end, 10);
  if (!*end) return integer(value);
  if (!strcmp(word, "#t")) return &yes;
  if (!strcmp(word, "#f")) return &no;
  return symbol(word);
}

static void print(const Object *o) {
  switch (o->kind) {
    case INTEGER: printf("%lld", (long long)o->integer); break;
    case SYMBOL: printf("%s", o->name); break;
    case PAIR:
      putchar('(');
      for (;; putchar(' ')) {
        print(o->first);
        o = o->rest;
        if (o->kind != PAIR) break;
      }
      if (o != &nil) printf(" . "), print(o);
      putchar(')');
      break;
    case PRIMITIVE: printf("#<primitive>"); break;
    default: printf("#<closure>");
  }
}

static bool is(const Object *o, const char *name) { return o->kind == SYMBOL && !strcmp(o->name, name); }

/* Scopes are lists of pairs (symbol . value). */
static Object *lookup(Object *name, Object *scope) {
  for (int i = 0; i < 2; i++, scope = global)
    for (; scope != &nil; scope = scope->rest)
      if (scope->first->first == name) return scope->first;
  return NULL;
}

static Object *evaluate(Object *e, Object *scope);

static Object *evaluate_all(Object *list, Object *scope) {
  if (list == &nil) return &nil;
  KEEP(list), KEEP(scope);
  Object *first = evaluate(list->first, scope);
  KEEP(first);
  Object *rest = evaluate_all(list->rest, scope), *made;
  DROP(3);
  made = cons(first, rest);
  return made;
}

static Object *evaluate(Object *e, Object *scope) {
  Object *name = &nil, *value = &nil, *arguments = &nil;
  KEEP(e), KEEP(scope), KEEP(name), KEEP(value), KEEP(arguments);
  if (root_count > deepest) deepest = root_count;
  for (;;) {
    if (e->kind == SYMBOL && e != &nil && e != &yes && e != &no) {
      Object *found = lookup(e, scope);
      if (!found) printf("(%s) ", e->name), fail("unbound");
      value = found->rest;
      break;
    }
    if (e->kind != PAIR) {
      value = e;
      break;
    }
    if (is(e->first, "quote")) {
      value = e->rest->first;
      break;
    }
    if (is(e->first, "if")) {
      Object *test = evaluate(e->rest->first, scope);
      e = e->rest->rest;
      if (test == &no) e = e->rest;
      if (e == &nil) break;
      e = e->first;
      continue;
    }
    if (is(e->first, "lambda")) {
      value = make(CLOSURE);
      value->lambda = e->rest;
      value->scope = scope;
      break;
    }
    if (is(e->first, "define")) {
      name = e->rest->first;
      if (name->kind == PAIR) { /* (define (f x) ...) */
        arguments = cons(name->rest, e->rest->rest);
        value = make(CLOSURE);
        value->lambda = arguments;
        value->scope = scope;
        name = name->first;
      } else {
        value = evaluate(e->rest->rest->first, scope);
      }
      global = cons(cons(name, value), global);
      value = name;
      break;
    }
    if (is(e->first, "set!")) {
      value = evaluate(e->rest->rest->first, scope);
      Object *found = lookup(e->rest->first, scope);
      if (!found) fail("unbound in set!");
      found->rest = value;
      break;
    }
    if (is(e->first, "let")) {
      arguments = scope;
      for (name = e->rest->first; name != &nil; name = name->rest) {
        value = evaluate(name->first->rest->first, scope);
        value = cons(name->first->first, value);
        arguments = cons(value, arguments);
      }
      scope = arguments;
      e = cons(symbol("begin"), e->rest->rest);
      continue;
    }
    if (is(e->first, "begin")) {
      for (name = e->rest; name->rest != &nil; name = name->rest) evaluate(name->first, scope);
      e = name->first;
      continue;
    }
    value = evaluate(e->first, scope);
    arguments = evaluate_all(e->rest, scope);
    if (value->kind == PRIMITIVE) {
      value = value->primitive(arguments);
      break;
    }
    if (value->kind != CLOSURE) fail("not a function");
    scope = value->scope;
    for (name = value->lambda->first; name != &nil; name = name->rest, arguments = arguments->rest) {
      if (arguments == &nil) fail("too few arguments");
      Object *pair = cons(name->first, arguments->first);
      scope = cons(pair, scope);
    }
    for (name = value->lambda->rest; name->rest != &nil; name = name->rest) evaluate(name->first, scope);
    e = name->first;
  }
  DROP(5);
  return value;
}

static int64_t number(const Object *o) {
  if (o->kind != INTEGER) fail("not a number");
  return o->integer;
}

#define TWO(name, expression) \
  static Object *name(Object *a) { \
    int64_t x = number(a->first), y = number(a->rest->first); \
    return expression; \
  }
TWO(add, integer(x + y))
TWO(subtract, integer(x - y))
TWO(multiply, integer(x *y))
TWO(divide, y ? integer(x / y) : (fail("division by zero"), &nil))
TWO(modulo, y ? integer(x % y) : (fail("division by zero"), &nil))
TWO(less, x < y ? &yes : &no)
TWO(equal, x == y ? &yes : &no)
static Object *pair(Object *a) { return cons(a->first, a->rest->first); }
static Object *first(Object *a) {
  return a->first->kind == PAIR ? a->first->first : (fail("car of no pair"), &nil);
}
static Object *rest(Object *a) {
  return a->first->kind == PAIR ? a->first->rest : (fail("cdr of no pair"), &nil);
}
static Object *is_null(Object *a) { return a->first == &nil ? &yes : &no; }
static Object *list(Object *a) { return a; }

static const struct {
  const char *name;
  Object *(*function)(Object *);
} primitives[] = {{"+", add},     {"-", subtract}, {"*", multiply},    {"/", divide},
                  {"%", modulo},  {"<", less},     {"=", equal},       {"cons", pair},
                  {"car", first}, {"cdr", rest},   {"null?", is_null}, {"list", list}};

int main(void) {
  for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++) {
    Object *o = make(PRIMITIVE);
    o->primitive = primitives[i].function;
    KEEP(o);
    o = cons(symbol(primitives[i].name), o);
    DROP(1);
    global = cons(o, global);
  }
  for (;;) {
    Object *e = read();
    if (!e) break;
    print(evaluate(e, &nil));
    putchar('\n');
  }
  printf("%s collections\n", collections > 10 ? "many" : "few");
  return 0;
}
