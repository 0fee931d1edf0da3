#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "tb_scan.h"

int __tb_scan_all(struct tb_in *in, const char *format, va_list arguments) {
  return __tb_scan_long(in, format, arguments);
}

/* What is taken from the input, byte by byte. */
struct token {
  struct tb_in *in;
  int c, width, count;
  char text[TB_NUMBER + 1];
};

static int take(struct token *token) {
  if (token->count < TB_NUMBER) token->text[token->count++] = (char)token->c;
  token->c = --token->width > 0 ? __tb_next(token->in) : EOF;
  return 1;
}

static int take_if(struct token *token, const char *letters) {
  return token->c != EOF && token->c && strchr(letters, token->c) && take(token);
}

static void take_word(struct token *token, const char *word) {
  while (*word && (token->c | 32) == *word) take(token), word++;
}

static void take_digits(struct token *token, int (*fits)(int)) {
  while (token->c != EOF && fits(token->c)) take(token);
}

int __tb_scan_double(struct tb_in *in, int width, int is_double, void *to) {
  struct token token = {.in = in, .width = width};
  token.c = __tb_next(in);
  take_if(&token, "+-");
  if ((token.c | 32) == 'i') {
    take_word(&token, "infinity");
  } else if ((token.c | 32) == 'n') {
    take_word(&token, "nan");
    if (take_if(&token, "(")) {
      while (isalnum(token.c) || token.c == '_') take(&token);
      take_if(&token, ")");
    }
  } else {
    int hexadecimal = token.c == '0' && take(&token) && take_if(&token, "xX");
    int (*fits)(int) = hexadecimal ? isxdigit : isdigit;
    take_digits(&token, fits);
    if (take_if(&token, ".")) take_digits(&token, fits);
    if (take_if(&token, hexadecimal ? "pP" : "eE")) {
      take_if(&token, "+-");
      take_digits(&token, isdigit);
    }
  }
  if (token.width > 0) __tb_back(in, token.c);
  token.text[token.count] = 0;
  char *end;
  double value = strtod(token.text, &end);
  if (!token.count || *end) return 0;
  if (to && is_double) memcpy(to, &value, sizeof value);
  if (to && !is_double) {
    float narrow = strtof(token.text, &end);
    memcpy(to, &narrow, sizeof narrow);
  }
  return 1;
}
