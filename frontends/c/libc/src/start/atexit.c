#include <stdlib.h>
#include "tb_start.h"

#define AT_ONCE 32

struct list {
  void (*functions[AT_ONCE])(void);
  unsigned count;
};
static struct list ordinary, quick;

void __tb_wants_end(void);

static void run(struct list *list) {
  while (list->count) list->functions[--list->count]();
}

static int add(struct list *list, void (*function)(void)) {
  if (list->count == AT_ONCE) return -1;
  list->functions[list->count++] = function;
  return 0;
}

void __tb_run_atexit(void) { run(&ordinary); }

int atexit(void (*function)(void)) {
  __tb_wants_end();
  return add(&ordinary, function);
}

int at_quick_exit(void (*function)(void)) { return add(&quick, function); }

void quick_exit(int status) {
  run(&quick);
  _Exit(status);
}
