/* An evaluator of expressions: numbers, variables, functions, assignments; a parser by precedence that makes
 * a tree, which is simplified, printed and evaluated. One expression a line of standard input. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum type { NUMBER, VARIABLE, NEGATE, ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, CALL };

struct node {
  enum type type;
  double number;
  char name[16];
  struct node *left, *right;
};

static struct node pool[512];
static int used;
static const char *at;
static const char *problem;

static struct {
  char name[16];
  double value;
} variables[64];
static int variable_count;

static const struct {
  const char *name;
  double (*function)(double);
} functions[] = {{"sqrt", sqrt}, {"abs", fabs},    {"floor", floor},
                 {"ceil", ceil}, {"round", round}, {"trunc", trunc}};

static struct node *make(enum type type, struct node *left, struct node *right) {
  struct node *n = &pool[used < 511 ? used++ : used];
  if (used == 511) problem = "too long";
  memset(n, 0, sizeof *n);
  n->type = type;
  n->left = left;
  n->right = right;
  return n;
}

static void blanks(void) {
  while (*at == ' ' || *at == '\t') at++;
}

static struct node *sum(void);

static struct node *primary(void) {
  blanks();
  if (isdigit((unsigned char)*at) || *at == '.') {
    struct node *n = make(NUMBER, NULL, NULL);
    char *end;
    n->number = strtod(at, &end);
    if (end == at) problem = "no number", at++;
    else at = end;
    return n;
  }
  if (isalpha((unsigned char)*at)) {
    char name[16];
    int length = 0;
    for (; isalnum((unsigned char)*at); at++)
      if (length < 15) name[length++] = *at;
    name[length] = 0;
    blanks();
    struct node *n;
    if (*at == '(') {
      at++;
      n = make(CALL, sum(), NULL);
      blanks();
      if (*at == ')') at++;
      else problem = "no )";
    } else {
      n = make(VARIABLE, NULL, NULL);
    }
    strcpy(n->name, name);
    return n;
  }
  if (*at == '(') {
    at++;
    struct node *n = sum();
    blanks();
    if (*at == ')') at++;
    else problem = "no )";
    return n;
  }
  if (*at == '-') {
    at++;
    return make(NEGATE, primary(), NULL);
  }
  problem = "expected a value";
  return make(NUMBER, NULL, NULL);
}

static struct node *power(void) {
  struct node *left = primary();
  blanks();
  if (*at != '^') return left;
  at++;
  return make(POWER, left, power());
}

static struct node *product(void) {
  struct node *left = power();
  for (;;) {
    blanks();
    if (*at != '*' && *at != '/') return left;
    enum type type = *at++ == '*' ? MULTIPLY : DIVIDE;
    left = make(type, left, power());
  }
}

static struct node *sum(void) {
  struct node *left = product();
  for (;;) {
    blanks();
    if (*at != '+' && *at != '-') return left;
    enum type type = *at++ == '+' ? ADD : SUBTRACT;
    left = make(type, left, product());
  }
}

static double whole_power(double base, double exponent) {
  double result = 1;
  int n = (int)fabs(exponent);
  for (; n; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return exponent < 0 ? 1 / result : result;
}

static double evaluate(const struct node *n) {
  switch (n->type) {
    case NUMBER: return n->number;
    case NEGATE: return -evaluate(n->left);
    case ADD: return evaluate(n->left) + evaluate(n->right);
    case SUBTRACT: return evaluate(n->left) - evaluate(n->right);
    case MULTIPLY: return evaluate(n->left) * evaluate(n->right);
    case DIVIDE: return evaluate(n->left) / evaluate(n->right);
    case POWER: return whole_power(evaluate(n->left), evaluate(n->right));
    case VARIABLE:
      for (int i = 0; i < variable_count; i++)
        if (!strcmp(variables[i].name, n->name)) return variables[i].value;
      problem = "unknown variable";
      return 0;
    case CALL:
      for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, n->name)) return functions[i].function(evaluate(n->left));
      problem = "unknown function";
  }
  return 0;
}

static struct node *simplify(struct node *n) {
  if (n->left) n->left = simplify(n->left);
  if (n->right) n->right = simplify(n->right);
  int left = n->left && n->left->type == NUMBER, right = n->right && n->right->type == NUMBER;
  if ((n->type == ADD || n->type == SUBTRACT) && right && n->right->number == 0) return n->left;
  if (n->type == MULTIPLY && right && n->right->number == 1) return n->left;
  if (n->type == MULTIPLY && left && n->left->number == 1) return n->right;
  if (n->type != CALL && n->type != NUMBER && left && (right || !n->right)) {
    n->number = evaluate(n);
    n->type = NUMBER;
  }
  return n;
}

static void print(const struct node *n) {
  static const char signs[] = "  -+-*/^";
  switch (n->type) {
    case NUMBER: printf("%g", n->number); break;
    case VARIABLE: printf("%s", n->name); break;
    case CALL:
      printf("%s(", n->name);
      print(n->left);
      printf(")");
      break;
    case NEGATE:
      printf("(-");
      print(n->left);
      printf(")");
      break;
    default:
      printf("(");
      print(n->left);
      printf(" %c ", signs[n->type]);
      print(n->right);
      printf(")");
  }
}

int main(void) {
  char line[256], name[16];
  int failures = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    int shift = 0, target = sscanf(line, " %15[a-z] = %n", name, &shift) == 1 && shift > 0;
    at = line + (target ? shift : 0);
    used = 0;
    problem = NULL;
    struct node *n = simplify(sum());
    blanks();
    if (*at && !problem) problem = "not understood";
    double value = problem ? 0 : evaluate(n);
    if (problem) {
      printf("%-24s error: %s\n", line, problem);
      failures++;
      continue;
    }
    printf("%-24s ", line);
    print(n);
    printf(" = %.10g\n", value);
    if (target && variable_count < 64) {
      strcpy(variables[variable_count].name, name);
      variables[variable_count++].value = value;
    }
  }
  return failures;
}
