/* The command line of a runtime, in front of the module: what the program is to have.
 *
 *     --dir HOST[::GUEST][:ro]    --env NAME[=VALUE]    --name WORD, the first of its arguments */
#include "tb_process.h"

/* What this runtime does not have. */
#ifndef TB_ENV_ADD
#define TB_ENV_ADD(cx, named) tb_process_fail("this runtime gives programs no environment: ", named)
#endif
#ifndef TB_DIRS_ADD
#define TB_DIRS_ADD(cx, named) tb_process_fail("this runtime gives programs no directories: ", named)
#endif

static u32 tb_process_is(const char *word, const char *name) {
  while (*name && *word == *name) word++, name++;
  return *word == *name;
}

const void *tb_process_options(struct tb_context *cx, const void *start) {
  long *words = (long *)(uptr)start; /* the process's own memory: numbers and pointers have the same size */
  long left = *words;
  const char *name = 0;
  tb_process_keep(cx, start);
  while (left > 2) {
    const char *option = (const char *)(uptr)words[2], *value = (const char *)(uptr)words[3];
    if (tb_process_is(option, "--dir"))
      TB_DIRS_ADD(cx, value);
    else if (tb_process_is(option, "--env"))
      TB_ENV_ADD(cx, value);
    else if (tb_process_is(option, "--name"))
      name = value;
    else
      break;
    words += 2;
    left -= 2;
  }
  *words = left;
  tb_store_of(cx)->process_name = name;
  return words;
}
