#include <ctype.h>

/* Comparisons, not a table: a program that uses one of them has no 256 bytes. */
static int within(int c, int first, int last) {
  return (unsigned)c - (unsigned)first <= (unsigned)(last - first);
}

int isdigit(int c) { return within(c, '0', '9'); }
int islower(int c) { return within(c, 'a', 'z'); }
int isupper(int c) { return within(c, 'A', 'Z'); }
int isalpha(int c) { return within(c, 'A', 'Z') || within(c, 'a', 'z'); }
int isalnum(int c) { return isdigit(c) || isalpha(c); }
int isxdigit(int c) { return isdigit(c) || within(c, 'A', 'F') || within(c, 'a', 'f'); }
int isblank(int c) { return c == ' ' || c == '\t'; }
int isspace(int c) { return c == ' ' || within(c, '\t', '\r'); }
int iscntrl(int c) { return within(c, 0, 31) || c == 127; }
int isprint(int c) { return within(c, ' ', '~'); }
int isgraph(int c) { return within(c, '!', '~'); }
int ispunct(int c) { return isgraph(c) && !isalnum(c); }
int tolower(int c) { return isupper(c) ? c + ('a' - 'A') : c; }
int toupper(int c) { return islower(c) ? c - ('a' - 'A') : c; }
