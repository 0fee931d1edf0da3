/* A spreadsheet: lines "A1 = text" or "A1 = expression" with references, ranges in SUM, MIN, MAX, AVG, COUNT;
 * evaluates on demand, finds circles, prints the sheet. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 6
#define ROWS 12

enum { EMPTY, TEXT, FORMULA };
enum { FRESH, BUSY, DONE };

typedef struct {
  int kind, state;
  char *text;
  double value;
  const char *error;
} Cell;

static Cell sheet[ROWS][COLUMNS];

typedef struct {
  const char *at;
  const char *error;
} Parser;

static double sum(Parser *p);
static double cell_value(int row, int column, const char **error);

static void blanks(Parser *p) {
  while (isspace((unsigned char)*p->at)) p->at++;
}

static int reference(const char **text, int *row, int *column) {
  const char *at = *text;
  if (!isupper((unsigned char)*at) || !isdigit((unsigned char)at[1])) return 0;
  *column = *at++ - 'A';
  char *end;
  *row = (int)strtol(at, &end, 10) - 1;
  *text = end;
  return *column < COLUMNS && *row >= 0 && *row < ROWS;
}

static double range(Parser *p, const char *name) {
  int r1, c1, r2, c2, count = 0;
  double total = 0, least = INFINITY, most = -INFINITY;
  blanks(p);
  if (!reference(&p->at, &r1, &c1)) return p->error = "#REF", 0;
  r2 = r1, c2 = c1;
  if (*p->at == ':') {
    p->at++;
    if (!reference(&p->at, &r2, &c2)) return p->error = "#REF", 0;
  }
  for (int r = r1; r <= r2; r++)
    for (int c = c1; c <= c2; c++) {
      if (sheet[r][c].kind != FORMULA) continue;
      double value = cell_value(r, c, &p->error);
      total += value;
      least = fmin(least, value);
      most = fmax(most, value);
      count++;
    }
  blanks(p);
  if (*p->at == ')') p->at++;
  else p->error = "#SYN";
  if (!strcmp(name, "SUM")) return total;
  if (!strcmp(name, "MIN")) return least;
  if (!strcmp(name, "MAX")) return most;
  if (!strcmp(name, "COUNT")) return count;
  if (!strcmp(name, "AVG")) {
    if (!count) p->error = "#DIV";
    return count ? total / count : 0;
  }
  p->error = "#NAME";
  return 0;
}

static double primary(Parser *p) {
  blanks(p);
  if (*p->at == '(') {
    p->at++;
    double value = sum(p);
    blanks(p);
    if (*p->at == ')') p->at++;
    else p->error = "#SYN";
    return value;
  }
  if (*p->at == '-') return p->at++, -primary(p);
  if (isdigit((unsigned char)*p->at) || *p->at == '.') {
    char *end;
    double value = strtod(p->at, &end);
    if (end == p->at) return p->error = "#SYN", p->at++, 0;
    p->at = end;
    return value;
  }
  const char *start = p->at;
  while (isupper((unsigned char)*p->at)) p->at++;
  if (p->at > start && *p->at == '(') {
    char name[8];
    snprintf(name, sizeof name, "%.*s", (int)(p->at - start), start);
    p->at++;
    if (strcmp(name, "SQRT")) return range(p, name);
    double value = sum(p);
    blanks(p);
    if (*p->at == ')') p->at++;
    return value < 0 ? p->error = "#NUM", 0 : sqrt(value);
  }
  p->at = start;
  int row, column;
  if (reference(&p->at, &row, &column)) return cell_value(row, column, &p->error);
  if (!p->error) p->error = isupper((unsigned char)*start) ? "#REF" : "#SYN";
  if (*p->at) p->at++;
  return 0;
}

static double product(Parser *p) {
  double value = primary(p);
  for (;;) {
    blanks(p);
    char sign = *p->at;
    if (sign != '*' && sign != '/') return value;
    p->at++;
    double other = primary(p);
    if (sign == '/' && other == 0) p->error = "#DIV", other = 1;
    value = sign == '*' ? value * other : value / other;
  }
}

static double sum(Parser *p) {
  double value = product(p);
  for (;;) {
    blanks(p);
    if (*p->at == '+') p->at++, value += product(p);
    else if (*p->at == '-') p->at++, value -= product(p);
    else return value;
  }
}

static double cell_value(int row, int column, const char **error) {
  Cell *cell = &sheet[row][column];
  if (cell->kind != FORMULA) return 0;
  if (cell->state == BUSY) {
    cell->error = "#LOOP";
  } else if (cell->state == FRESH) {
    cell->state = BUSY;
    Parser p = {cell->text, NULL};
    cell->value = sum(&p);
    blanks(&p);
    if (*p.at && !p.error) p.error = "#SYN";
    if (!cell->error) cell->error = p.error;
    cell->state = DONE;
  }
  if (cell->error) *error = cell->error;
  return cell->value;
}

int main(void) {
  char line[200];
  int errors = 0;
  while (fgets(line, sizeof line, stdin)) {
    char place[8], content[180];
    if (sscanf(line, " %7[A-Z0-9] = %179[^\n]", place, content) != 2) continue;
    const char *at = place;
    int row, column;
    if (!reference(&at, &row, &column) || *at) {
      printf("no such cell: %s\n", place);
      errors++;
      continue;
    }
    Cell *cell = &sheet[row][column];
    cell->kind = content[0] == '"' ? TEXT : FORMULA;
    cell->text = strdup(content + (cell->kind == TEXT));
    if (cell->kind == TEXT) cell->text[strcspn(cell->text, "\"")] = 0;
  }
  printf("   ");
  for (int c = 0; c < COLUMNS; c++) printf("|%8c   ", 'A' + c);
  puts("|");
  for (int r = 0; r < ROWS; r++) {
    printf("%2d ", r + 1);
    for (int c = 0; c < COLUMNS; c++) {
      const char *error = NULL;
      Cell *cell = &sheet[r][c];
      double value = cell_value(r, c, &error);
      if (cell->kind == EMPTY) printf("|%11s", "");
      else if (cell->kind == TEXT) printf("|%-11.11s", cell->text);
      else if (error) printf("|%11s", error), errors++;
      else printf("|%11.6g", value);
    }
    puts("|");
  }
  printf("%d errors\n", errors);
  return errors;
}
