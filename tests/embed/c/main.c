/* A host in C. The exercises on standard input; then, with the module named on the command line or the program inside,
 * what needs threads and signals. */
#define _POSIX_C_SOURCE 200809L
#include "exercise.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static tblvm_context *running;
static volatile sig_atomic_t signals;
static atomic_int done;

static void *interrupts_once(void *unused) {
  (void)unused;
  tblvm_interrupt(running);
  return 0;
}

static int by_thread(uint64_t *slots, tblvm_context *context) {
  pthread_t thread;
  (void)slots;
  CHECK(context == running && !pthread_create(&thread, 0, interrupts_once, 0) && !pthread_join(thread, 0));
  return 0;
}

static void *interrupts_on(void *unused) {
  (void)unused;
  while (!atomic_load(&done)) {
    tblvm_interrupt(running);
    sched_yield();
  }
  return 0;
}

static void on_signal(int number) {
  (void)number;
  signals++;
  tblvm_interrupt(running);
}

static void takes_note(int number) {
  (void)number;
  signals++;
}

static void takes_notice(int number, siginfo_t *info, void *unused) {
  signals += info->si_signo == number && unused;
}

static int handle(int number, void (*handler)(int)) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  return sigaction(number, &action, 0);
}

static int by_signal(uint64_t *slots, tblvm_context *context) {
  (void)slots, (void)context;
  return raise(SIGUSR1);
}

static int by_keyboard(uint64_t *slots, tblvm_context *context) {
  (void)slots, (void)context;
  return raise(SIGINT);
}

static int interrupted(const char *name) {
  return call(running, name) == TBLVM_TRAPPED && same(tblvm_trap(running).name, "INTERRUPTED");
}

static void *works(void *module) {
  for (int i = 0; i < 20; i++) {
    tblvm_store *store = tblvm_store_new();
    CHECK(!tblvm_store_define(store, "env", "ask", "i>i", (tblvm_host *)0, 0));
    CHECK(!tblvm_store_define(store, "env", "turn", "s[B>[Bs", (tblvm_host *)0, 0));
    struct module *from = module;
    tblvm_context *context;
    CHECK(!tblvm_load(store, from->bytes, from->size, &context));
    for (uint64_t j = 0; j < 200; j++) {
      tblvm_slots(context)[0] = j, tblvm_slots(context)[1] = 1;
      CHECK(!call(context, "add") && tblvm_slots(context)[0] == j + 1);
    }
    CHECK(!tblvm_store_free(store));
  }
  return 0;
}

static struct module read_module(const char *path) {
  static char bytes[1 << 16];
  FILE *file = fopen(path, "rb");
  CHECK(file);
  struct module module = {bytes, fread(bytes, 1, sizeof bytes, file)};
  CHECK(!fclose(file));
  return module;
}

int main(int count, char **arguments) {
  exercise();
  struct module module = {0, 0};
  if (count > 1) module = read_module(arguments[1]);
  tblvm_store *store = exercise_store();
  CHECK(!tblvm_store_limit(store, "fuel", (uint64_t)1 << 60));
  running = exercise_load(store, module);
  exercise_ask = by_thread;
  CHECK(interrupted("asks_and_spins"));
  exercise_ask = by_signal;
  CHECK(!handle(SIGUSR1, on_signal) && interrupted("asks_and_spins") && signals == 1);
  pthread_t thread;
  CHECK(!pthread_create(&thread, 0, interrupts_on, 0) && interrupted("spin"));
  atomic_store(&done, 1);
  CHECK(!pthread_join(thread, 0));

  exercise_ask = by_keyboard;
  tblvm_watch_keyboard(); /* there is no handler: nothing to do */
  CHECK(!handle(SIGINT, takes_note));
  tblvm_watch_keyboard();
  tblvm_watch_keyboard();
  CHECK(!raise(SIGINT) && signals == 2); /* nothing runs */
  CHECK(interrupted("asks_and_spins") && signals == 3);
  struct sigaction action = {0};
  action.sa_sigaction = takes_notice;
  action.sa_flags = SA_SIGINFO;
  CHECK(!sigaction(SIGINT, &action, 0));
  tblvm_watch_keyboard();
  CHECK(interrupted("asks_and_spins") && signals == 4);
  CHECK(!call(running, "nothing") && !tblvm_store_free(store));

  pthread_t threads[4];
  for (int i = 0; i < 4; i++) CHECK(!pthread_create(&threads[i], 0, works, &module));
  for (int i = 0; i < 4; i++) CHECK(!pthread_join(threads[i], 0));
  puts("the host too");
  return 0;
}
