/* Tells its arguments and its environment, copies input to standard error in capitals, ends with their number. */
#include "wasi.h"

static char *words[64], bytes[4096];

void _start(void) {
  u32 count = 0, size = 0;
  args_sizes_get(&count, &size);
  args_get(words, bytes);
  for (u32 i = 1; i < count; i++) say(1, "["), say(1, words[i]), say(1, "]");
  u32 variables = 0;
  environ_sizes_get(&variables, &size);
  environ_get(words, bytes);
  for (u32 i = 0; i < variables; i++) say(1, "{"), say(1, words[i]), say(1, "}");
  for (;;) {
    struct iov iov = {bytes, 100};
    u32 got = 0;
    if (fd_read(0, &iov, 1, &got) || !got) break;
    for (u32 i = 0; i < got; i++)
      if (bytes[i] >= 'a' && bytes[i] <= 'z') bytes[i] -= 32;
    bytes[got] = 0;
    say(2, bytes);
  }
  proc_exit(count - 1 + 10 * variables);
}
