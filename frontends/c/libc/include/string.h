#ifndef _TB_STRING_H
#define _TB_STRING_H
#include <tb_bits.h>
__TB_BEGIN
void *memcpy(void *__TB_RESTRICT to, const void *__TB_RESTRICT from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *one, const void *other, size_t size);
void *memchr(const void *in, int byte, size_t size);
char *strcpy(char *__TB_RESTRICT to, const char *__TB_RESTRICT from);
char *strncpy(char *__TB_RESTRICT to, const char *__TB_RESTRICT from, size_t size);
char *strcat(char *__TB_RESTRICT to, const char *__TB_RESTRICT from);
char *strncat(char *__TB_RESTRICT to, const char *__TB_RESTRICT from, size_t size);
int strcmp(const char *one, const char *other);
int strncmp(const char *one, const char *other, size_t size);
int strcoll(const char *one, const char *other);
size_t strxfrm(char *__TB_RESTRICT to, const char *__TB_RESTRICT from, size_t size);
char *strchr(const char *in, int c);
char *strrchr(const char *in, int c);
size_t strspn(const char *text, const char *among);
size_t strcspn(const char *text, const char *among);
char *strpbrk(const char *text, const char *among);
char *strstr(const char *in, const char *text);
char *strtok(char *__TB_RESTRICT text, const char *__TB_RESTRICT among);
size_t strlen(const char *text);
char *strerror(int number);
/* Of POSIX, because programs have them. */
size_t strnlen(const char *text, size_t size);
char *strdup(const char *text);
char *strndup(const char *text, size_t size);
char *stpcpy(char *__TB_RESTRICT to, const char *__TB_RESTRICT from);
char *strtok_r(char *__TB_RESTRICT text, const char *__TB_RESTRICT among, char **__TB_RESTRICT rest);
int strcasecmp(const char *one, const char *other);
int strncasecmp(const char *one, const char *other, size_t size);
__TB_END
#endif
