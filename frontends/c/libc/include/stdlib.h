#ifndef _TB_STDLIB_H
#define _TB_STDLIB_H
#include <tb_bits.h>
#define __need_wchar_t
#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1

typedef struct {
  int quot, rem;
} div_t;
typedef struct {
  long quot, rem;
} ldiv_t;
typedef struct {
  long long quot, rem;
} lldiv_t;

__TB_BEGIN
int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
double atof(const char *text);
long strtol(const char *__TB_RESTRICT text, char **__TB_RESTRICT end, int base);
unsigned long strtoul(const char *__TB_RESTRICT text, char **__TB_RESTRICT end, int base);
long long strtoll(const char *__TB_RESTRICT text, char **__TB_RESTRICT end, int base);
unsigned long long strtoull(const char *__TB_RESTRICT text, char **__TB_RESTRICT end, int base);
float strtof(const char *__TB_RESTRICT text, char **__TB_RESTRICT end);
double strtod(const char *__TB_RESTRICT text, char **__TB_RESTRICT end);
long double strtold(const char *__TB_RESTRICT text, char **__TB_RESTRICT end);

int rand(void);
void srand(unsigned seed);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *block);

_Noreturn void abort(void);
_Noreturn void exit(int status);
_Noreturn void _Exit(int status);
_Noreturn void quick_exit(int status);
int atexit(void (*function)(void));
int at_quick_exit(void (*function)(void));
char *getenv(const char *name);
int system(const char *command);

void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *));
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

int abs(int value);
long labs(long value);
long long llabs(long long value);
div_t div(int dividend, int divisor);
ldiv_t ldiv(long dividend, long divisor);
lldiv_t lldiv(long long dividend, long long divisor);
__TB_END
#endif
