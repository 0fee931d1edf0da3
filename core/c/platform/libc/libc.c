/* Platform layer on a C library: start-up code, input and output, memory. */
#include "tb_libc.h"
#include "tb_polled.h"

#include <float.h>
#include <stdint.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#if FLT_EVAL_METHOD != 0
#error "floats must be computed in their own width: compile for SSE2 (-msse2 -mfpmath=sse)"
#endif

/* Their number, and behind it pointers to them and null; an environment of none. */
static TB_UNUSED const void *tb_libc_words(int count, char **words) {
  char **start = tb_platform_map(0, ((u64)count + 3) * sizeof *start);
  *(long *)(void *)start = count;
  for (int i = 0; i < count; i++) start[1 + i] = words[i];
  return start;
}

int main(int count, char **words) {
  (void)count, (void)words;
  const u32 one = 1;
  if (!*(const u8 *)&one) {
    static const char message[] = "tblvm: this program is for little-endian machines\n";
    tb_platform_fail(message, sizeof message - 1);
  }
#ifdef _WIN32
  _setmode(0, _O_BINARY);
  _setmode(1, _O_BINARY);
#endif
  tb_entry(TB_ARGUMENTS ? tb_libc_words(count, words) : 0);
}

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  FILE *file = tb_libc_stream(descriptor);
  if (!file) return -9; /* EBADF */
  errno = 0;
  size_t done = fwrite(from, 1, (size_t)bytes, file);
  if (fflush(file) || !done) return bytes ? tb_libc_error() : 0;
  return (long)done;
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  FILE *file = tb_libc_stream(descriptor);
  if (!file) return -9;
  errno = 0;
#if TB_POSIX
  if (descriptor == 0) {
    if (tb_polled_wait_for(0)) return -4;
    ssize_t done = read(0, to, (size_t)bytes);
    return done < 0 ? tb_libc_error() : (long)done;
  }
#endif
  u64 got = 0;
  int byte = 0;
  /* What is typed comes line by line: nobody waits for more than there is. */
  while (got < bytes && (byte = getc(file)) != EOF) {
    ((u8 *)to)[got++] = (u8)byte;
    if (byte == '\n' && descriptor == 0) break;
  }
  return !got && ferror(file) ? tb_libc_error() : (long)got;
}

_Noreturn void tb_platform_exit(int status) { exit(status); }

_Noreturn void tb_platform_fail(const char *message, u64 bytes) {
  tb_platform_write(2, message, bytes);
  tb_platform_exit(134);
}

void *tb_platform_try_map(void *address, u64 bytes) { return address || bytes > SIZE_MAX ? 0 : calloc(1, (size_t)bytes); }

void *tb_platform_map(void *address, u64 bytes) {
  static const char message[] = "tblvm: the system gives no memory\n";
  void *at = tb_platform_try_map(address, bytes);
  if (!at) tb_platform_fail(message, sizeof message - 1);
  return at;
}

void tb_platform_unmap(void *address, u64 bytes) {
  (void)bytes;
  free(address);
}
