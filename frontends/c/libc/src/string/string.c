#include <string.h>

size_t strlen(const char *text) {
  const char *end = text;
  while (*end) end++;
  return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t size) {
  size_t length = 0;
  while (length < size && text[length]) length++;
  return length;
}

char *stpcpy(char *restrict to, const char *restrict from) {
  while ((*to = *from++)) to++;
  return to;
}

char *strcpy(char *restrict to, const char *restrict from) {
  stpcpy(to, from);
  return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size) {
  size_t length = strnlen(from, size);
  memcpy(to, from, length);
  memset(to + length, 0, size - length);
  return to;
}

char *strcat(char *restrict to, const char *restrict from) {
  stpcpy(to + strlen(to), from);
  return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t size) {
  char *end = to + strlen(to);
  size_t length = strnlen(from, size);
  memcpy(end, from, length);
  end[length] = 0;
  return to;
}

int strcmp(const char *one, const char *other) {
  while (*one && *one == *other) one++, other++;
  return (unsigned char)*one - (unsigned char)*other;
}

int strncmp(const char *one, const char *other, size_t size) {
  for (; size; one++, other++, size--)
    if (*one != *other || !*one) return (unsigned char)*one - (unsigned char)*other;
  return 0;
}

int strcoll(const char *one, const char *other) { return strcmp(one, other); }

size_t strxfrm(char *restrict to, const char *restrict from, size_t size) {
  size_t length = strlen(from);
  if (length < size) strcpy(to, from);
  return length;
}

char *strchr(const char *in, int c) {
  for (;; in++) {
    if (*in == (char)c) return (char *)in;
    if (!*in) return NULL;
  }
}

char *strrchr(const char *in, int c) {
  const char *found = NULL;
  for (;; in++) {
    if (*in == (char)c) found = in;
    if (!*in) return (char *)found;
  }
}

size_t strspn(const char *text, const char *among) {
  const char *at = text;
  while (*at && strchr(among, *at)) at++;
  return (size_t)(at - text);
}

size_t strcspn(const char *text, const char *among) {
  const char *at = text;
  while (*at && !strchr(among, *at)) at++;
  return (size_t)(at - text);
}

char *strpbrk(const char *text, const char *among) {
  text += strcspn(text, among);
  return *text ? (char *)text : NULL;
}

char *strtok_r(char *restrict text, const char *restrict among, char **restrict rest) {
  if (!text) text = *rest;
  text += strspn(text, among);
  char *end = text + strcspn(text, among);
  *rest = *end ? end + 1 : end;
  if (end == text) return NULL;
  *end = 0;
  return text;
}

static char *tokens;

char *strtok(char *restrict text, const char *restrict among) { return strtok_r(text, among, &tokens); }
