#ifndef _TB_STDIO_H
#define _TB_STDIO_H
#include <stdarg.h>
#include <tb_bits.h>
#include <tb_variants.h>

typedef struct __tb_file FILE;
typedef long long fpos_t;

#define EOF (-1)
#define BUFSIZ 1024
#define FILENAME_MAX 4096
#define FOPEN_MAX 64
#define L_tmpnam 20
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2
#define stdin (&__tb_stdin)
#define stdout (&__tb_stdout)
#define stderr (&__tb_stderr)

#define __TB_PRINTS(format, first) __attribute__((__format__(__printf__, format, first)))
#define __TB_SCANS(format, first) __attribute__((__format__(__scanf__, format, first)))
#define __TB_PRINT(suffix) \
  int __tb_printf_##suffix(const char *__TB_RESTRICT format, ...) __TB_PRINTS(1, 2); \
  int __tb_fprintf_##suffix(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, ...) \
      __TB_PRINTS(2, 3); \
  int __tb_sprintf_##suffix(char *__TB_RESTRICT to, const char *__TB_RESTRICT format, ...) \
      __TB_PRINTS(2, 3); \
  int __tb_snprintf_##suffix(char *__TB_RESTRICT to, size_t size, const char *__TB_RESTRICT format, ...) \
      __TB_PRINTS(3, 4);
#define __TB_SCAN(suffix) \
  int __tb_scanf_##suffix(const char *__TB_RESTRICT format, ...) __TB_SCANS(1, 2); \
  int __tb_fscanf_##suffix(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, ...) \
      __TB_SCANS(2, 3); \
  int __tb_sscanf_##suffix(const char *__TB_RESTRICT from, const char *__TB_RESTRICT format, ...) \
      __TB_SCANS(2, 3);

__TB_BEGIN
extern FILE __tb_stdin, __tb_stdout, __tb_stderr;

int printf(const char *__TB_RESTRICT format, ...) __TB_PRINTS(1, 2);
int fprintf(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, ...) __TB_PRINTS(2, 3);
int sprintf(char *__TB_RESTRICT to, const char *__TB_RESTRICT format, ...) __TB_PRINTS(2, 3);
int snprintf(char *__TB_RESTRICT to, size_t size, const char *__TB_RESTRICT format, ...) __TB_PRINTS(3, 4);
int vprintf(const char *__TB_RESTRICT format, va_list arguments) __TB_PRINTS(1, 0);
int vfprintf(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, va_list arguments) __TB_PRINTS(2, 0);
int vsprintf(char *__TB_RESTRICT to, const char *__TB_RESTRICT format, va_list arguments) __TB_PRINTS(2, 0);
int vsnprintf(char *__TB_RESTRICT to, size_t size, const char *__TB_RESTRICT format, va_list arguments)
    __TB_PRINTS(3, 0);
__TB_PRINT(int)
__TB_PRINT(long)

int __tb_write_text(const char *text, size_t size, FILE *file);
int __tb_print_bytes(const char *text, size_t size);

int scanf(const char *__TB_RESTRICT format, ...) __TB_SCANS(1, 2);
int fscanf(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, ...) __TB_SCANS(2, 3);
int sscanf(const char *__TB_RESTRICT from, const char *__TB_RESTRICT format, ...) __TB_SCANS(2, 3);
int vscanf(const char *__TB_RESTRICT format, va_list arguments) __TB_SCANS(1, 0);
int vfscanf(FILE *__TB_RESTRICT file, const char *__TB_RESTRICT format, va_list arguments) __TB_SCANS(2, 0);
int vsscanf(const char *__TB_RESTRICT from, const char *__TB_RESTRICT format, va_list arguments)
    __TB_SCANS(2, 0);
__TB_SCAN(int)
__TB_SCAN(long)

int fgetc(FILE *file);
int getc(FILE *file);
int getchar(void);
int ungetc(int c, FILE *file);
char *fgets(char *__TB_RESTRICT to, int size, FILE *__TB_RESTRICT file);
int fputc(int c, FILE *file);
int putc(int c, FILE *file);
int putchar(int c);
int fputs(const char *__TB_RESTRICT text, FILE *__TB_RESTRICT file);
int puts(const char *text);
size_t fread(void *__TB_RESTRICT to, size_t size, size_t count, FILE *__TB_RESTRICT file);
size_t fwrite(const void *__TB_RESTRICT from, size_t size, size_t count, FILE *__TB_RESTRICT file);

FILE *fopen(const char *__TB_RESTRICT name, const char *__TB_RESTRICT mode);
FILE *freopen(const char *__TB_RESTRICT name, const char *__TB_RESTRICT mode, FILE *__TB_RESTRICT file);
int fclose(FILE *file);
int fflush(FILE *file);
int setvbuf(FILE *__TB_RESTRICT file, char *__TB_RESTRICT buffer, int mode, size_t size);
void setbuf(FILE *__TB_RESTRICT file, char *__TB_RESTRICT buffer);
int fseek(FILE *file, long offset, int whence);
long ftell(FILE *file);
void rewind(FILE *file);
int fgetpos(FILE *__TB_RESTRICT file, fpos_t *__TB_RESTRICT position);
int fsetpos(FILE *file, const fpos_t *position);
int feof(FILE *file);
int ferror(FILE *file);
void clearerr(FILE *file);
void perror(const char *text);
int remove(const char *name);
int rename(const char *from, const char *to);
__TB_END

/* A literal without conversions needs no formatting at all. (It is evaluated once: where it is constant, or
 * not.) */
#define __TB_PLAIN(format) \
  (__builtin_constant_p(!__builtin_strchr(format, '%')) && !__builtin_strchr(format, '%'))
#define __TB_PRINTF(format) \
  (__TB_PLAIN(format) ? __tb_print_bytes(format, __builtin_strlen(format)) : __tb_printf_int(format))
#define __TB_FPRINTF(file, format) \
  (__TB_PLAIN(format) ? __tb_write_text(format, __builtin_strlen(format), file) \
                      : __tb_fprintf_int(file, format))
#define __TB_PRINTF_WITH(format, ...) __TB_VARIANT(printf, __TB_KIND, __VA_ARGS__)(format, __VA_ARGS__)
#define __TB_FPRINTF_WITH(file, format, ...) \
  __TB_VARIANT(fprintf, __TB_KIND, __VA_ARGS__)(file, format, __VA_ARGS__)

#define printf(format, ...) __TB_PRINTF##__VA_OPT__(_WITH)(format __VA_OPT__(, ) __VA_ARGS__)
#define fprintf(file, format, ...) __TB_FPRINTF##__VA_OPT__(_WITH)(file, format __VA_OPT__(, ) __VA_ARGS__)
#define sprintf(to, format, ...) \
  __TB_VARIANT(sprintf, __TB_KIND __VA_OPT__(, ) __VA_ARGS__)(to, format __VA_OPT__(, ) __VA_ARGS__)
#define snprintf(to, size, format, ...) \
  __TB_VARIANT(snprintf, __TB_KIND __VA_OPT__(, ) __VA_ARGS__)(to, size, format __VA_OPT__(, ) __VA_ARGS__)
#define scanf(format, ...) \
  __TB_VARIANT(scanf, __TB_TARGET __VA_OPT__(, ) __VA_ARGS__)(format __VA_OPT__(, ) __VA_ARGS__)
#define fscanf(file, format, ...) \
  __TB_VARIANT(fscanf, __TB_TARGET __VA_OPT__(, ) __VA_ARGS__)(file, format __VA_OPT__(, ) __VA_ARGS__)
#define sscanf(from, format, ...) \
  __TB_VARIANT(sscanf, __TB_TARGET __VA_OPT__(, ) __VA_ARGS__)(from, format __VA_OPT__(, ) __VA_ARGS__)

#endif
