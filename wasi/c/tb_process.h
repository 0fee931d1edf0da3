/* What the process of a standalone program was started with. */
#ifndef TB_PROCESS_H
#define TB_PROCESS_H
#include "tb_words.h"

/* Linux's order: the number of words (a long), pointers to them and null, pointers to variables and null. */
static inline TB_UNUSED const char *const *tb_process_words(struct tb_context *cx) {
  return (const char *const *)tb_store_of(cx)->process + 1;
}
static inline TB_UNUSED u32 tb_process_count(struct tb_context *cx) {
  const long *start = tb_store_of(cx)->process;
  return start ? (u32)*start : 0;
}

/* Says what a directory or variable cannot be, and ends the process with status 6. */
_Noreturn void tb_process_fail(const char *what, const char *name);

/* Of a runtime: an option before the module on its command line, *words* behind it: how many of these belong to it,
 * 0 where it is none. */
u32 tb_process_option(struct tb_context *cx, const char *const *words);

#endif
