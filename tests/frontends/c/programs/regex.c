/* Regular expressions by simulating a Thompson machine: . * + ? | () [] ^ $ \d \w \s. Each line of standard
 * input is a pattern, a blank, and a text; the leftmost longest match is printed. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHARACTER, ANY, SET, SPLIT, BEGIN, FINISH, MATCH };

typedef struct {
  int kind, next, other;
  unsigned char c;
  unsigned char set[32];
} State;

static State states[1000];
static int count;
static const char *at;
static const char *error;

/* A piece of a machine: where it starts, and a list of the exits that lead nowhere yet (state * 2 + which).
 */
typedef struct {
  int start, exits[200], exit_count;
} Piece;

static int state(int kind) {
  memset(&states[count], 0, sizeof *states);
  states[count].kind = kind;
  states[count].next = states[count].other = -1;
  return count < 999 ? count++ : count;
}

static void patch(Piece *p, int to) {
  for (int i = 0; i < p->exit_count; i++) {
    State *s = &states[p->exits[i] / 2];
    if (p->exits[i] % 2) s->other = to;
    else s->next = to;
  }
  p->exit_count = 0;
}

static void add_exit(Piece *p, int where) {
  if (p->exit_count < 200) p->exits[p->exit_count++] = where;
}

static void put(unsigned char *set, int c) { set[c / 8] |= (unsigned char)(1 << c % 8); }
static bool has(const unsigned char *set, int c) { return set[c / 8] >> c % 8 & 1; }

static void put_class(unsigned char *set, int letter) {
  for (int c = 0; c < 256; c++) {
    bool in = false;
    switch (tolower(letter)) {
      case 'd': in = isdigit(c); break;
      case 'w': in = isalnum(c) || c == '_'; break;
      case 's': in = isspace(c); break;
      default: in = c == letter; break;
    }
    if (strchr("DWS", letter) ? !in : in) put(set, c);
  }
}

static void alternatives(Piece *p);

static void atom(Piece *p) {
  p->exit_count = 0;
  if (*at == '(') {
    at++;
    alternatives(p);
    if (*at == ')') at++;
    else error = "no )";
    return;
  }
  int s = state(CHARACTER);
  p->start = s;
  add_exit(p, s * 2);
  switch (*at) {
    case '.': states[s].kind = ANY, at++; break;
    case '^': states[s].kind = BEGIN, at++; break;
    case '$': states[s].kind = FINISH, at++; break;
    case '\\':
      states[s].kind = SET;
      if (at[1]) put_class(states[s].set, at[1]), at += 2;
      else error = "nothing behind \\";
      break;
    case '[': {
      bool not = at[1] == '^';
      states[s].kind = SET;
      at += 1 + not;
      do {
        if (!*at) {
          error = "no ]";
          break;
        }
        if (*at == '\\' && at[1]) {
          put_class(states[s].set, at[1]);
          at += 2;
        } else if (at[1] == '-' && at[2] && at[2] != ']') {
          for (int c = (unsigned char)at[0]; c <= (unsigned char)at[2]; c++) put(states[s].set, c);
          at += 3;
        } else {
          put(states[s].set, (unsigned char)*at++);
        }
      } while (*at != ']');
      if (*at) at++;
      if (not)
        for (int i = 0; i < 32; i++) states[s].set[i] = (unsigned char)~states[s].set[i];
      break;
    }
    case '*':
    case '+':
    case '?':
    case 0: error = "nothing to repeat"; break;
    default: states[s].c = (unsigned char)*at++;
  }
}

static void repeated(Piece *p) {
  atom(p);
  while (!error && *at && strchr("*+?", *at)) {
    int s = state(SPLIT), start = p->start;
    states[s].next = start;
    if (*at != '?') patch(p, s);
    if (*at != '+') p->start = s;
    add_exit(p, s * 2 + 1);
    at++;
  }
}

static void sequence(Piece *p) {
  Piece next;
  if (!*at || *at == '|' || *at == ')') { /* nothing: a split with one way */
    int s = state(SPLIT);
    p->start = s;
    p->exit_count = 0;
    add_exit(p, s * 2);
    return;
  }
  repeated(p);
  while (!error && *at && *at != '|' && *at != ')') {
    repeated(&next);
    patch(p, next.start);
    int start = p->start;
    *p = next;
    p->start = start;
  }
}

static void alternatives(Piece *p) {
  sequence(p);
  while (!error && *at == '|') {
    Piece other;
    at++;
    sequence(&other);
    int s = state(SPLIT);
    states[s].next = p->start;
    states[s].other = other.start;
    for (int i = 0; i < other.exit_count; i++) add_exit(p, other.exits[i]);
    p->start = s;
  }
}

static int marks[1000], mark, list[2][1000], sizes[2];

static void follow(int which, int s, bool first, bool last) {
  if (s < 0 || marks[s] == mark) return;
  marks[s] = mark;
  switch (states[s].kind) {
    case SPLIT:
      follow(which, states[s].next, first, last);
      follow(which, states[s].other, first, last);
      break;
    case BEGIN:
      if (first) follow(which, states[s].next, first, last);
      break;
    case FINISH:
      if (last) follow(which, states[s].next, first, last);
      break;
    default: list[which][sizes[which]++] = s;
  }
}

/* The length of the longest match at a place, -1 for none. */
static int match(int start, const char *text, size_t from) {
  int longest = -1, now = 0;
  sizes[0] = 0;
  mark++;
  follow(0, start, from == 0, !text[from]);
  for (size_t i = from;; i++, now = !now) {
    for (int k = 0; k < sizes[now]; k++)
      if (states[list[now][k]].kind == MATCH) longest = (int)(i - from);
    if (!text[i] || !sizes[now]) return longest;
    sizes[!now] = 0;
    mark++;
    for (int k = 0; k < sizes[now]; k++) {
      const State *s = &states[list[now][k]];
      unsigned char c = (unsigned char)text[i];
      bool fits = s->kind == ANY || (s->kind == CHARACTER && s->c == c) || (s->kind == SET && has(s->set, c));
      if (fits) follow(!now, s->next, false, !text[i + 1]);
    }
  }
}

int main(void) {
  char line[512];
  int matched = 0, lines = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *text = strchr(line, ' ');
    if (!text) continue;
    *text++ = 0;
    lines++;
    count = 0;
    error = NULL;
    at = line;
    Piece machine;
    alternatives(&machine);
    if (!error && *at) error = "unexpected )";
    if (error) {
      printf("%-20s error: %s\n", line, error);
      continue;
    }
    patch(&machine, state(MATCH));
    int length = -1;
    size_t from = 0;
    for (; length < 0 && from <= strlen(text); from++) length = match(machine.start, text, from);
    if (length < 0) {
      printf("%-20s no match in \"%s\"\n", line, text);
    } else {
      matched++;
      printf("%-20s %3zu..%-3zu \"%.*s\"\n", line, from - 1, from - 1 + (size_t)length, length,
             text + from - 1);
    }
  }
  printf("%d of %d\n", matched, lines);
  return matched == lines ? 0 : 1;
}
