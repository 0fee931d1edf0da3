/* Two libraries in one process: the first has the program narrow inside, the second loads it. */
#include "tblvm.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) ((condition) ? (void)0 : (void)(printf("broken in line %d: %s\n", __LINE__, #condition), exit(1)))

static struct library {
  tblvm_store *(*store_new)(void);
  int (*store_free)(tblvm_store *);
  int (*define)(tblvm_store *, const char *, const char *, const char *, tblvm_host *, void *);
  int (*load)(tblvm_store *, const void *, size_t, tblvm_context **);
  int64_t (*function)(tblvm_context *, const char *);
  uint64_t *(*slots)(tblvm_context *);
  int (*call)(tblvm_context *, uint32_t);
  int (*run)(tblvm_context *, int *);
  void (*console)(tblvm_store *, tblvm_reader *, tblvm_writer *, void *);
  tblvm_store *store;
  tblvm_context *context;
} libraries[2];

static void find(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  CHECK(found);
  memcpy(function, &found, sizeof found);
}

static int add(struct library *in, uint32_t a, uint32_t b) {
  in->slots(in->context)[0] = a, in->slots(in->context)[1] = b;
  CHECK(!in->call(in->context, (uint32_t)in->function(in->context, "add")));
  return (int)in->slots(in->context)[0];
}

/* A function of the first library's program asks the other one's. */
static int ask(uint64_t *slots, tblvm_context *context, void *user) {
  (void)context;
  slots[0] = (uint64_t)add(user, (uint32_t)slots[0], 100);
  return 0;
}

static int writes(void *user, tblvm_context *context, const void *from, size_t bytes) {
  (void)context;
  strncat(user, from, bytes);
  return 0;
}

int main(int count, char **arguments) {
  static char module[1 << 16], texts[2][100];
  CHECK(count == 4);
  FILE *file = fopen(arguments[3], "rb");
  CHECK(file);
  size_t bytes = fread(module, 1, sizeof module, file);
  CHECK(!fclose(file));
  for (int i = 0; i < 2; i++) {
    struct library *to = &libraries[i];
    void *from = dlopen(arguments[1 + i], RTLD_NOW | RTLD_GLOBAL);
    CHECK(from);
    find(from, "tblvm_store_new", &to->store_new);
    find(from, "tblvm_store_free", &to->store_free);
    find(from, "tblvm_store_define", &to->define);
    find(from, "tblvm_store_console", &to->console);
    find(from, "tblvm_load", &to->load);
    find(from, "tblvm_function", &to->function);
    find(from, "tblvm_slots", &to->slots);
    find(from, "tblvm_call", &to->call);
    find(from, "tblvm_run", &to->run);
    to->store = to->store_new();
    CHECK(!to->define(to->store, "env", "ask", "i>i", ask, &libraries[1 - i]));
    CHECK(!to->define(to->store, "env", "turn", "s[B>[Bs", ask, 0));
    to->console(to->store, 0, writes, texts[i]);
    CHECK(!to->load(to->store, i ? module : 0, i ? bytes : 0, &to->context));
  }
  struct library *first = &libraries[0];
  int status;
  CHECK(add(first, 1, 2) == 3 && add(&libraries[1], 3, 4) == 7);
  first->slots(first->context)[0] = 5;
  CHECK(!first->call(first->context, (uint32_t)first->function(first->context, "asks")) && first->slots(first->context)[0] == 105);
  CHECK(!first->run(first->context, &status) && !first->run(first->context, &status));
  CHECK(!libraries[1].run(libraries[1].context, &status) && status == 41);
  CHECK(!strcmp(texts[0], "main 1\nmain 2\n") && !strcmp(texts[1], "main 1\n"));
  CHECK(!first->store_free(first->store) && add(&libraries[1], 3, 4) == 7);
  CHECK(!libraries[1].store_free(libraries[1].store));
  puts("neither disturbs the other");
  return 0;
}
