#include "exercise.h"

/* -- texts -- */

static size_t length(const char *text) {
  size_t found = 0;
  while (text[found]) found++;
  return found;
}

int same(const char *one, const char *other) {
  if (!one || !other) return one == other;
  while (*one && *one == *other) one++, other++;
  return *one == *other;
}

static int has(const char *text, const char *part) {
  for (; *text; text++) {
    size_t i = 0;
    while (part[i] && text[i] == part[i]) i++;
    if (!part[i]) return 1;
  }
  return 0;
}

static void say(const char *text) { around_write(text, length(text)); }

static void say_number(int64_t number) {
  char digits[24], *at = digits + sizeof digits;
  uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  *--at = 0;
  do *--at = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0) *--at = '-';
  say(at);
  say(" ");
}

void broken(const char *condition, int line) {
  say("broken in line ");
  say_number(line);
  say(condition);
  say("\n");
  around_end(1);
}

/* -- the console -- */

static struct {
  const char *input;
  char output[256];
  size_t used;
  int failing, user;
  tblvm_context *context;
} console;

static size_t reads(void *user, tblvm_context *context, void *to, size_t bytes) {
  CHECK(user == &console.user && context == console.context);
  CHECK(tblvm_call(context, 0) == TBLVM_BUSY && tblvm_put_string(context, 0, "", 0, 0) == TBLVM_BUSY);
  if (console.failing) return bytes + 1; /* more than there is room for: taken for the end */
  if (!*console.input) return 0;
  *(char *)to = *console.input++;
  return 1;
}

static int writes(void *user, tblvm_context *context, const void *from, size_t bytes) {
  CHECK(user == &console.user && context == console.context);
  CHECK(tblvm_close(context) == TBLVM_BUSY);
  if (console.failing) return 1;
  for (size_t i = 0; i < bytes && console.used < sizeof console.output - 1; i++)
    console.output[console.used++] = ((const char *)from)[i];
  console.output[console.used] = 0;
  return 0;
}

/* -- host functions -- */

exercise_asked *exercise_ask;

static int ask(uint64_t *slots, tblvm_context *context, void *user) {
  CHECK(same(user, "asked") && slots == tblvm_slots(context));
  if (exercise_ask) return exercise_ask(slots, context);
  slots[0] += 1;
  return 0;
}

static int never(uint64_t *slots, tblvm_context *context, void *user) {
  (void)slots, (void)context, (void)user;
  CHECK(0);
  return 0;
}

static int turn_how;

/* Takes a string and bytes, gives them the other way round and one longer. */
static int turn(uint64_t *slots, tblvm_context *context, void *user) {
  (void)user;
  uint8_t bytes[64] = {0};
  uint16_t units[64];
  size_t count = 0, more = 0;
  int wide = 0;
  const uint8_t *text = tblvm_string(context, 0, &count, &wide);
  CHECK(!slots[0] == !text && count < 60);
  for (size_t i = 0; i < count; i++) units[i] = wide ? ((const uint16_t *)(const void *)text)[i] : text[i];
  units[count] = 0x20ac;
  const uint8_t *array = tblvm_array(context, 1, &more);
  CHECK(!slots[1] == !array && more < 60);
  for (size_t i = 0; i < more; i++) bytes[i] = array[i];
  bytes[more] = 7;
  if (turn_how == 1) return 0; /* what is there has the wrong types */
  CHECK(!tblvm_prepare(context, TBLVM_RESULTS) && !slots[0] && !slots[1]);
  if (turn_how == 2) return 0; /* nulls */
  if (turn_how == 3) slots[0] = 24; /* no reference that was put there */
  if (turn_how == 3) return 0;
  CHECK(tblvm_put_string(context, 0, "x", 1, 0) == TBLVM_MISUSED);
  CHECK(!tblvm_put_array(context, 0, bytes, more + 1));
  CHECK(!tblvm_put_string(context, 1, units, count + 1, 1));
  if (turn_how == 4) slots[0] += 8; /* nor this */
  if (turn_how == 4) slots[1] += 8;
  if (turn_how == 5)
    for (int i = 0; i < 2000; i++) CHECK(!tblvm_put_string(context, 1, units, count + 1, 1)); /* a collection or more */
  return 0;
}

static int refuses(uint64_t *slots, tblvm_context *context) {
  (void)slots, (void)context;
  return -5;
}

static tblvm_store *asked_store;

/* All that an instance may and may not be asked while it runs. */
static int reenters(uint64_t *slots, tblvm_context *context) {
  int status = 0;
  tblvm_bound bound = {context, (uint32_t)tblvm_function(context, "nothing")};
  struct tblvm_frame frame = {0};
  uint64_t bytes = 0;
  CHECK(tblvm_nested(context) && tblvm_enter(&bound) == TBLVM_OK && tblvm_run(context, &status) == TBLVM_BUSY);
  CHECK(tblvm_close(context) == TBLVM_BUSY && tblvm_free(context) == TBLVM_BUSY && tblvm_set_fuel(context, 5) == TBLVM_BUSY);
  CHECK(tblvm_store_free(asked_store) == TBLVM_BUSY && has(tblvm_store_error(asked_store), "runs"));
  CHECK(!tblvm_trap(context).name && !tblvm_frame(context, 0, &frame) && tblvm_fuel(context) > 0);
  CHECK(tblvm_function(context, "asks") >= 0 && tblvm_memory(context, 0, &bytes) && bytes == 65536);
  CHECK(!tblvm_array(context, 0, &(size_t){0}) && !tblvm_string(context, 0, &(size_t){0}, &status));
  slots[0] = 11;
  return 0;
}

static int depth, deepest;

/* Calls the function that has called it, until that is refused. */
static int nests(uint64_t *slots, tblvm_context *context) {
  uint32_t asks = (uint32_t)tblvm_function(context, "asks");
  uint64_t given = slots[0];
  if (++depth > deepest) deepest = depth;
  int status = tblvm_call(context, asks);
  struct tblvm_frame frame;
  CHECK(status == TBLVM_TRAPPED && same(tblvm_trap(context).name, depth == deepest ? "STACK_OVERFLOW" : "HOST_FAILED"));
  CHECK(tblvm_frame(context, 0, &frame) == (depth != deepest));
  slots[0] = given;
  return --depth != 0;
}

static int interrupts(uint64_t *slots, tblvm_context *context) {
  (void)slots;
  tblvm_interrupt(context);
  return 0;
}

static struct module other;

/* Another instance of the same store: made, called, freed. */
static int calls_another(uint64_t *slots, tblvm_context *context) {
  tblvm_context *second = exercise_load(asked_store, other);
  CHECK(second != context);
  tblvm_slots(second)[0] = slots[0], tblvm_slots(second)[1] = 1;
  CHECK(!call(second, "add"));
  slots[0] = tblvm_slots(second)[0];
  CHECK(!tblvm_free(second));
  return 0;
}

/* -- stores and instances -- */

tblvm_store *exercise_store(void) {
  tblvm_store *store = tblvm_store_new();
  CHECK(store && same(tblvm_store_error(store), ""));
  CHECK(!tblvm_store_limit(store, "stack", 2000) && !tblvm_store_limit(store, "fuel", 1000000));
  CHECK(!tblvm_store_limit(store, "heap", 65536));
  CHECK(!tblvm_store_define(store, "env", "ask", "i>i", never, 0));
  CHECK(!tblvm_store_define(store, "env", "as", "i>i", never, 0));
  CHECK(!tblvm_store_define(store, "env", "ask", "i>i", ask, (void *)(uintptr_t) "asked"));
  CHECK(!tblvm_store_define(store, "env", "turn", "s[B>[Bs", turn, 0));
  console.context = 0;
  tblvm_store_console(store, reads, writes, &console.user);
  asked_store = store;
  exercise_ask = 0;
  return store;
}

tblvm_context *exercise_load(tblvm_store *store, struct module module) {
  tblvm_context *context = 0;
  int status = tblvm_load(store, module.bytes, module.size, &context);
  if (status) say(tblvm_store_error(store));
  CHECK(!status && context && same(tblvm_store_error(store), ""));
  if (!console.context) console.context = context;
  return context;
}

int call(tblvm_context *context, const char *name) {
  int64_t function = tblvm_function(context, name);
  CHECK(function >= 0);
  return tblvm_call(context, (uint32_t)function);
}

static void prepare(tblvm_context *context, const char *name) {
  CHECK(!tblvm_prepare(context, (uint32_t)tblvm_function(context, name)));
}

static void limits(void) {
  tblvm_store *store = exercise_store();
  const char *unknown[] = {"", "fue", "fuel2", "Fuel", "fuel "};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
    CHECK(tblvm_store_limit(store, unknown[i], 5) == TBLVM_MISUSED && has(tblvm_store_error(store), "no such limit"));
  CHECK(tblvm_store_limit(store, "stack", ~(uint64_t)0) == TBLVM_MISUSED && has(tblvm_store_error(store), "value"));
  CHECK(tblvm_store_limit(store, "heap", 0) == TBLVM_MISUSED);
  CHECK(!tblvm_store_limit(store, "fuel", 10) && same(tblvm_store_error(store), ""));
  CHECK(!tblvm_store_free(store));
}

/* -- calls -- */

static void names(tblvm_context *context) {
  uint32_t count = tblvm_functions(context);
  for (uint32_t i = 0; i < count; i++) {
    CHECK(tblvm_function(context, tblvm_function_name(context, i)) == i);
    say(tblvm_function_name(context, i));
    say(" ");
    if (length(tblvm_signature(context, i)) < 100) say(tblvm_signature(context, i));
    say("\n");
  }
  CHECK(!tblvm_function_name(context, count) && !tblvm_signature(context, count) && !tblvm_signature(context, ~0u));
  CHECK(tblvm_function(context, "") == -1 && tblvm_function(context, "ad") == -1 && tblvm_function(context, "add2") == -1);
  CHECK(tblvm_call(context, count) == TBLVM_MISUSED && tblvm_call(context, ~0u) == TBLVM_MISUSED);
  CHECK(tblvm_prepare(context, count) == TBLVM_MISUSED);
  CHECK(same(tblvm_signature(context, (uint32_t)tblvm_function(context, "turns")), "s[B>[Bs"));
}

static void numbers(tblvm_context *context) {
  uint64_t *slots = tblvm_slots(context);
  slots[0] = ~(uint64_t)0 << 32 | 40, slots[1] = 2;
  CHECK(!call(context, "add") && slots[0] == 42);
  slots[0] = 0, slots[1] = 0xffffffff;
  CHECK(!call(context, "add") && slots[0] == 0xffffffff); /* -1, and nothing above it */
  slots[0] = 0x3fc00000;
  CHECK(!call(context, "real") && slots[0] == 0x40400000); /* 1.5 twice */
  tblvm_bound bound = {context, (uint32_t)tblvm_function(context, "nothing")};
  for (int i = 0; i < 3; i++) CHECK(!tblvm_enter(&bound));
  slots[0] = 3;
  CHECK(!call(context, "fill"));
  CHECK(call(context, "halts") == TBLVM_HALTED && !tblvm_trap(context).name);
  CHECK(!tblvm_array(context, 0, &(size_t){0}));
  CHECK(call(context, "takes257") == TBLVM_MISUSED && call(context, "gives257") == TBLVM_MISUSED);
  CHECK(tblvm_prepare(context, (uint32_t)tblvm_function(context, "takes257")) == TBLVM_MISUSED);
  for (int i = 0; i < 256; i++) slots[i] = (uint64_t)i;
  CHECK(!call(context, "takes256") && slots[0] == 255);
  CHECK(!call(context, "gives256") && slots[0] == 0 && slots[255] == 255);
}

static void references(tblvm_context *context) {
  uint64_t *slots = tblvm_slots(context);
  size_t count = 99;
  int wide = 9;
  static const uint16_t euro[] = {'a', 0x20ac}, plain[] = {'a', 0xe9};
  prepare(context, "same");
  CHECK(!tblvm_string(context, 0, &count, &wide) && !tblvm_string(context, 1, &count, &wide) && !tblvm_string(context, ~0u, &count, &wide));
  CHECK(!call(context, "same") && !slots[0] && !tblvm_string(context, 0, &count, &wide)); /* null */
  prepare(context, "same");
  CHECK(!tblvm_put_string(context, 0, "", 0, 0) && slots[0] && tblvm_string(context, 0, &count, &wide) && !count && !wide);
  CHECK(!call(context, "same") && tblvm_string(context, 0, &count, &wide) && !count);
  CHECK(!tblvm_array(context, 0, &count));
  CHECK(!call(context, "same") && slots[0]); /* a result is an argument of the next call */
  prepare(context, "same");
  CHECK(!tblvm_put_string(context, 0, euro, 2, 1) && !call(context, "same"));
  const uint16_t *units = tblvm_string(context, 0, &count, &wide);
  CHECK(units && count == 2 && wide && units[0] == 'a' && units[1] == 0x20ac);
  prepare(context, "same");
  CHECK(!tblvm_put_string(context, 0, plain, 2, 1) && !call(context, "same"));
  const uint8_t *narrow = tblvm_string(context, 0, &count, &wide);
  CHECK(narrow && count == 2 && !wide && narrow[0] == 'a' && narrow[1] == 0xe9);
  CHECK(tblvm_put_array(context, 0, euro, 1) == TBLVM_MISUSED && tblvm_put_string(context, 1, "", 0, 0) == TBLVM_MISUSED);
  CHECK(tblvm_put_string(context, ~0u, "", 0, 0) == TBLVM_MISUSED && tblvm_put_array(context, TBLVM_SLOTS, euro, 1) == TBLVM_MISUSED);

  static const int16_t shorts[] = {-1, -30000};
  prepare(context, "shorts");
  CHECK(!tblvm_put_array(context, 0, shorts, 2) && tblvm_put_string(context, 0, "", 0, 0) == TBLVM_MISUSED);
  CHECK(!call(context, "shorts") && (int32_t)slots[0] == -30000 && !(slots[0] >> 32));
  prepare(context, "shorts");
  CHECK(!tblvm_put_array(context, 0, 0, 0) && call(context, "shorts") == TBLVM_TRAPPED);
  CHECK(same(tblvm_trap(context).name, "BAD_INDEX") && tblvm_put_array(context, 0, shorts, 2) == TBLVM_MISUSED);
  CHECK(!tblvm_array(context, 0, &count));
  static const int32_t cells[] = {5, 6, 7};
  prepare(context, "cells");
  CHECK(!tblvm_put_array(context, 0, cells, 3) && !call(context, "cells") && slots[0] == 7);
  slots[0] = 100;
  CHECK(!call(context, "fill"));
  const uint8_t *bytes = tblvm_array(context, 0, &count);
  CHECK(bytes && count == 100 && !bytes[0] && !bytes[99]);

  /* What nobody put there, and what was put there as something else. */
  slots[0] = 24;
  CHECK(call(context, "same") == TBLVM_MISUSED && call(context, "shorts") == TBLVM_MISUSED);
  prepare(context, "same");
  slots[0] = 24;
  CHECK(call(context, "same") == TBLVM_MISUSED);
  CHECK(!tblvm_put_string(context, 0, "abc", 3, 0));
  slots[0] += 8;
  CHECK(call(context, "same") == TBLVM_MISUSED && !tblvm_string(context, 0, &count, &wide));
  prepare(context, "shorts");
  CHECK(!tblvm_put_array(context, 0, shorts, 2) && call(context, "same") == TBLVM_MISUSED);
  slots[0] = 1;
  CHECK(call(context, "calls") == TBLVM_MISUSED); /* a reference of a function: null is all that there is */
  slots[0] = 0;
  CHECK(!call(context, "calls") && slots[0] == 1);

  /* The heap is full; what is in the slots stays. */
  prepare(context, "turns");
  static uint8_t much[70000];
  CHECK(!tblvm_put_array(context, 1, much, 30000) && !tblvm_put_string(context, 0, "kept", 4, 0));
  CHECK(tblvm_put_array(context, 1, much, 70000) == TBLVM_TOO_LARGE && !slots[1] && !tblvm_array(context, 1, &count));
  CHECK(tblvm_put_array(context, 1, much, (size_t)-1) == TBLVM_TOO_LARGE && tblvm_put_array(context, 1, much, (size_t)1 << 32) == TBLVM_TOO_LARGE);
  for (int i = 0; i < 20; i++) CHECK(!tblvm_put_array(context, 1, much, 20000)); /* the collector takes what was there */
  narrow = tblvm_string(context, 0, &count, &wide);
  CHECK(narrow && count == 4 && narrow[3] == 't');
}

static void host_functions(tblvm_context *context) {
  uint64_t *slots = tblvm_slots(context);
  size_t count;
  int wide;
  slots[0] = 5;
  CHECK(!call(context, "asks") && slots[0] == 6);
  exercise_ask = refuses;
  CHECK(call(context, "asks") == TBLVM_TRAPPED && same(tblvm_trap(context).name, "HOST_FAILED"));
  exercise_ask = reenters;
  CHECK(!call(context, "asks") && slots[0] == 11);
  exercise_ask = calls_another;
  CHECK(!call(context, "asks") && slots[0] == 12);
  exercise_ask = nests;
  slots[0] = 5;
  CHECK(!call(context, "asks") && slots[0] == 5 && deepest > 9 && !depth);
  say_number(deepest);
  exercise_ask = interrupts;
  CHECK(call(context, "asks_and_spins") == TBLVM_TRAPPED && same(tblvm_trap(context).name, "INTERRUPTED"));
  exercise_ask = 0;
  tblvm_interrupt(context); /* nothing runs */
  CHECK(!call(context, "asks"));
  for (turn_how = 0; turn_how < 6; turn_how++) {
    static const uint8_t given[] = {3, 4};
    prepare(context, "turns");
    CHECK(!tblvm_put_string(context, 0, "ab", 2, 0) && !tblvm_put_array(context, 1, given, 2));
    int status = call(context, "turns");
    say_number(status);
    if (turn_how == 1 || turn_how == 3 || turn_how == 4) {
      CHECK(status == TBLVM_TRAPPED && same(tblvm_trap(context).name, "HOST_FAILED"));
      CHECK(!tblvm_string(context, 0, &count, &wide) && !tblvm_array(context, 1, &count));
      continue;
    }
    CHECK(!status);
    const uint8_t *bytes = tblvm_array(context, 0, &count);
    const uint16_t *units = tblvm_string(context, 1, &(size_t){0}, &wide);
    if (turn_how == 2)
      CHECK(!bytes && !units && !slots[0] && !slots[1]);
    else
      CHECK(count == 3 && bytes[1] == 4 && bytes[2] == 7 && wide && units[1] == 'b' && units[2] == 0x20ac);
  }
  turn_how = 0;
  prepare(context, "turns");
  CHECK(!call(context, "turns") && tblvm_array(context, 0, &count) && count == 1);
}

static void traps(tblvm_context *context) {
  uint64_t *slots = tblvm_slots(context);
  struct tblvm_frame frame = {0};
  CHECK(!tblvm_frame(context, 0, &frame));
  slots[0] = 1;
  CHECK(call(context, "half") == TBLVM_TRAPPED);
  struct tblvm_trap trap = tblvm_trap(context);
  CHECK(same(trap.name, "DIVIDE_BY_ZERO") && trap.message && trap.status == 134);
  for (uint32_t depth = 0; tblvm_frame(context, depth, &frame); depth++) {
    say(frame.function);
    say(frame.file);
    say_number(frame.line);
  }
  CHECK(!tblvm_frame(context, ~0u, &frame));
  CHECK(!call(context, "nothing") && !tblvm_trap(context).name && !tblvm_trap(context).status && !tblvm_frame(context, 0, &frame));
  CHECK(call(context, "deep") == TBLVM_TRAPPED && same(tblvm_trap(context).name, "STACK_OVERFLOW") && tblvm_frame(context, 50, &frame));
  prepare(context, "same"); /* then the frames are gone */
  CHECK(!tblvm_frame(context, 0, &frame));
  CHECK(!tblvm_set_fuel(context, 1000) && call(context, "spin") == TBLVM_TRAPPED);
  CHECK(same(tblvm_trap(context).name, "OUT_OF_FUEL") && tblvm_fuel(context) < 0 && tblvm_fuel(context) > -10);
  CHECK(call(context, "deep") == TBLVM_TRAPPED && same(tblvm_trap(context).name, "OUT_OF_FUEL"));
  CHECK(!tblvm_set_fuel(context, 1000) && !call(context, "nothing") && tblvm_fuel(context) == 999);
  CHECK(!tblvm_set_fuel(context, 1000000));
}

static void consoles(tblvm_context *context) {
  int status = 5;
  console.used = 0;
  CHECK(!tblvm_run(context, &status) && status == 41 && same(console.output, "main 1\n"));
  CHECK(!tblvm_run(context, &status) && status == 41 && same(console.output, "main 1\nmain 2\n"));
  console.input = "xy";
  console.used = 0;
  for (int i = 0; i < 3; i++) CHECK(!call(context, "echo")); /* the third time -1 */
  CHECK(console.used == 3 && console.output[0] == 'x' && console.output[1] == 'y' && console.output[2] == '\xff');
  console.failing = 1;
  console.used = 0;
  CHECK(!call(context, "echo"));
  console.failing = 0;
  CHECK(!call(context, "echo") && !console.used); /* nor what comes after it */
}

static void memories(tblvm_context *context) {
  uint64_t bytes = 0;
  uint8_t *memory = tblvm_memory(context, 0, &bytes);
  CHECK(memory && bytes == 65536);
  uint64_t *slots = tblvm_slots(context);
  slots[0] = 65535, slots[1] = 0x1ff;
  CHECK(!call(context, "poke") && memory[65535] == 0xff);
  slots[0] = 65536;
  CHECK(call(context, "poke") == TBLVM_TRAPPED);
  CHECK(!tblvm_memory(context, 1, &bytes) && !tblvm_memory(context, ~0u, &bytes));
}

static void closed(tblvm_store *store, tblvm_context *context) {
  int status;
  uint64_t bytes;
  tblvm_bound bound = {context, 0};
  CHECK(call(context, "half") == TBLVM_TRAPPED && !tblvm_close(context));
  CHECK(tblvm_call(context, 0) == TBLVM_CLOSED && tblvm_enter(&bound) == TBLVM_CLOSED && tblvm_run(context, &status) == TBLVM_CLOSED);
  CHECK(tblvm_close(context) == TBLVM_CLOSED && tblvm_set_fuel(context, 5) == TBLVM_CLOSED && tblvm_prepare(context, 0) == TBLVM_CLOSED);
  CHECK(tblvm_put_string(context, 0, "", 0, 0) == TBLVM_CLOSED && tblvm_put_array(context, 0, "", 0) == TBLVM_CLOSED);
  CHECK(!tblvm_string(context, 0, &(size_t){0}, &status) && !tblvm_array(context, 0, &(size_t){0}) && !tblvm_memory(context, 0, &bytes));
  CHECK(!tblvm_functions(context) && !tblvm_function_name(context, 0) && !tblvm_signature(context, 0) && tblvm_function(context, "add") == -1);
  CHECK(!tblvm_frame(context, 0, &(struct tblvm_frame){0, 0, 0}));
  tblvm_interrupt(context);
  (void)tblvm_fuel(context);
  (void)tblvm_trap(context);
  CHECK(!tblvm_free(context) && same(tblvm_store_error(store), ""));
}

static void narrow(struct module module) {
  other = module;
  limits();
  tblvm_store *store = exercise_store();
  tblvm_context *context = exercise_load(store, module);
  CHECK(!tblvm_store_limit(store, "fuel", 77) && tblvm_fuel(context) == 1000000); /* those that are made later */
  tblvm_context *later = exercise_load(store, module);
  CHECK(tblvm_fuel(later) == 77);
  CHECK(!tblvm_store_limit(store, "fuel", 100000));
  names(context);
  numbers(context);
  references(context);
  host_functions(context);
  traps(context);
  memories(context);
  consoles(context);
  closed(store, context);
  console.context = later;
  CHECK(!call(later, "nothing") && tblvm_fuel(later) == 76);
  CHECK(!tblvm_store_free(store));

  /* An entry point for which the stack is too small is found before. */
  store = tblvm_store_new();
  CHECK(tblvm_load(store, module.bytes, module.size, &context) == TBLVM_UNLINKED && !context);
  CHECK(has(tblvm_store_error(store), "env.ask (i>i): the host offers no such function"));
  CHECK(!tblvm_store_define(store, "env", "ask", "i>", never, 0));
  CHECK(tblvm_load(store, module.bytes, module.size, &context) == TBLVM_UNLINKED && has(tblvm_store_error(store), "other types"));
  CHECK(!tblvm_store_free(store));
  store = exercise_store();
  if (!module.bytes)
    CHECK(tblvm_load(store, "TBCO", 4, &context) == TBLVM_MISUSED && has(tblvm_store_error(store), "inside"));
  else
    CHECK(tblvm_load(store, 0, 0, &context) == TBLVM_MISUSED && has(tblvm_store_error(store), "no program inside"));
  CHECK(!tblvm_store_free(store));
}

/* -- loading -- */

static int64_t bits(double number) {
  union {
    double number;
    int64_t bits;
  } both = {number};
  return both.bits;
}

static void wide(struct module module) {
  tblvm_store *store = tblvm_store_new();
  tblvm_context *context;
  CHECK(!tblvm_load(store, module.bytes, module.size, &context));
  uint64_t *slots = tblvm_slots(context);
  slots[0] = (uint64_t)-5, slots[1] = (uint64_t)1 << 40;
  CHECK(!call(context, "add") && (int64_t)slots[0] == ((int64_t)1 << 40) - 5);
  slots[0] = (uint64_t)bits(0.5);
  CHECK(!call(context, "real") && (int64_t)slots[0] == bits(1.0));
  static const double doubles[] = {1.5, -2.25};
  prepare(context, "second");
  CHECK(!tblvm_put_array(context, 0, doubles, 2) && !call(context, "second") && (int64_t)slots[0] == bits(-2.25));
  CHECK(!tblvm_store_free(store));
}

/* A valid module, with something wrong at each place. */
static void damaged(tblvm_store *store, struct module module) {
  static uint8_t copy[1 << 16];
  CHECK(module.size < sizeof copy);
  struct module changed = {copy, module.size};
  tblvm_context *context;
  for (size_t i = 0; i < module.size; i++) copy[i] = ((const uint8_t *)module.bytes)[i];
  for (size_t at = 0; at < module.size; at += 1 + at / 256) {
    copy[at] ^= 0x55;
    int status = tblvm_load(store, changed.bytes, changed.size, &context);
    CHECK(!status == !!context);
    if (context) CHECK(!tblvm_free(context));
    copy[at] ^= 0x55;
    say_number(status);
    say(tblvm_store_error(store));
    say("\n");
    if (at % 16 == 0) CHECK(!tblvm_free(exercise_load(store, changed)));
  }
}

/* And with more than it wants of everything. */
static void loading(struct module module) {
  tblvm_store *store = exercise_store();
  tblvm_context *context;
  const uint8_t *bytes = module.bytes;
  damaged(store, module);
  CHECK(!tblvm_store_limit(store, "load.memory", 4096));
  CHECK(tblvm_load(store, bytes, module.size, &context) == TBLVM_TOO_LARGE && !context && tblvm_store_error(store)[0]);
  CHECK(!tblvm_store_limit(store, "load.memory", 1 << 20) && !tblvm_store_limit(store, "linear", 65535));
  CHECK(tblvm_load(store, bytes, module.size, &context) == TBLVM_TOO_LARGE && has(tblvm_store_error(store), "linear"));
  CHECK(!tblvm_store_limit(store, "linear", 1 << 20) && !tblvm_store_limit(store, "stack", 300));
  CHECK(tblvm_load(store, bytes, module.size, &context) == TBLVM_TOO_LARGE && has(tblvm_store_error(store), "stack"));
  CHECK(!tblvm_store_limit(store, "stack", 2000));
  /* The system refuses memory, at each place once. */
  int64_t before = around_mapped();
  for (int64_t later = 0; around_refuse(later); later++) {
    int status = tblvm_load(store, bytes, module.size, &context);
    around_refuse(-1);
    if (!status) {
      CHECK(later > 3);
      break;
    }
    CHECK(status == TBLVM_TOO_LARGE && !context && has(tblvm_store_error(store), "memory") && around_mapped() == before);
  }
  if (around_refuse(0)) CHECK(tblvm_store_define(store, "a", "b", "i>", never, 0) == TBLVM_TOO_LARGE);
  if (around_refuse(0)) CHECK(!tblvm_store_new());
  around_refuse(-1);
  CHECK(!tblvm_store_free(store));
}

/* Names with a zero in them are no others. */
static void nul(struct module module) {
  tblvm_store *store = tblvm_store_new();
  tblvm_context *context;
  CHECK(!tblvm_load(store, module.bytes, module.size, &context));
  CHECK(tblvm_functions(context) == 3 && tblvm_function(context, "a") == -1 && tblvm_function(context, "b") == 1);
  tblvm_slots(context)[0] = 9;
  CHECK(!tblvm_call(context, 0) && tblvm_slots(context)[0] == 1);
  CHECK(!tblvm_store_free(store));
}

/* -- any module -- */

enum { KEPT = 16 };
static tblvm_store *kept_store;
static tblvm_context *kept[KEPT];
static uint64_t chance_state = 1;

static uint32_t chance(uint32_t below) {
  chance_state = chance_state * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
  return (uint32_t)(chance_state >> 33) % below;
}

/* Gives whatever there is. */
static int gives(uint64_t *slots, tblvm_context *context, void *user) {
  (void)user, (void)slots;
  if (chance(2)) {
    CHECK(!tblvm_prepare(context, 0));
    for (uint32_t slot = 0; slot < 4; slot++) {
      tblvm_put_string(context, slot, "text", 4, 0);
      tblvm_put_array(context, slot, "12345678", 1);
    }
  }
  return chance(8) == 0;
}

/* Offers what the last module lacked, if that is what was wrong. */
static int offered(void) {
  static const char *const imports[][3] = {{"a", "", "a."},           {"", "b", ".b"},     {"a", "\xc3\xa9", "a.??"},
                                           {"test", "make", "test.make"}, {"m", "make", "m.make"}, {"m", "f", "m.f"}};
  const char *error = tblvm_store_error(kept_store);
  char signature[TBLVM_SLOTS];
  if (!has(error, "the host")) return 0;
  for (size_t i = 0; i < sizeof imports / sizeof *imports; i++) {
    const char *at = error + length("it imports "), *name = imports[i][2];
    while (*name && *name == *at) name++, at++;
    if (*name || *at != ' ') continue;
    size_t used = 0;
    for (at += 2; *at != ')' && used < sizeof signature - 1; at++) signature[used++] = *at;
    signature[used] = 0;
    CHECK(!tblvm_store_define(kept_store, imports[i][0], imports[i][1], signature, gives, 0));
    return 1;
  }
  return 0;
}

static void any(struct module module) {
  if (!kept_store) {
    kept_store = exercise_store();
    CHECK(!tblvm_store_limit(kept_store, "load.memory", 1 << 20) && !tblvm_store_limit(kept_store, "fuel", 3000));
    tblvm_store_limit(kept_store, "linear", 1 << 20);
    tblvm_store_limit(kept_store, "tables", 1000);
  }
  uint32_t place = chance(KEPT);
  if (kept[place]) {
    if (chance(2)) CHECK(!tblvm_close(kept[place]));
    CHECK(!tblvm_free(kept[place]));
  }
  int64_t before = 0;
  int status = TBLVM_UNLINKED;
  for (int again = 0; again < 10 && status == TBLVM_UNLINKED; again++) {
    before = around_mapped();
    status = tblvm_load(kept_store, module.bytes, module.size, &kept[place]);
    if (status != TBLVM_UNLINKED || !offered()) break;
  }
  say_number(status);
  say(tblvm_store_error(kept_store));
  say("\n");
  if (status == TBLVM_TRAPPED || status == TBLVM_HALTED) { /* its start function was stopped */
    CHECK(kept[place] && !tblvm_free(kept[place]));
    kept[place] = 0;
  }
  CHECK(!status == !!kept[place]);
  if (status) CHECK(has(tblvm_store_error(kept_store), "the host") || around_mapped() == before);
  if (status) return;
  tblvm_context *context = console.context = kept[place];
  console.input = "12 abc\n 7";
  uint32_t count = tblvm_functions(context);
  for (uint32_t i = 0; i < count && i < 8; i++) {
    CHECK(tblvm_function_name(context, i) && tblvm_signature(context, i));
    if (chance(4)) tblvm_set_fuel(context, 2000);
    if (tblvm_prepare(context, i)) continue;
    for (uint32_t slot = 0; slot < 4; slot++) {
      if (!chance(2)) tblvm_put_string(context, slot, "text", 4, 0);
      if (!chance(2)) tblvm_put_array(context, slot, "12345678", 1);
    }
    say_number(tblvm_call(context, i));
    struct tblvm_frame frame;
    for (uint32_t depth = 0; depth < 5 && tblvm_frame(context, depth, &frame); depth++) say_number(frame.line);
  }
  int ended = 0;
  tblvm_set_fuel(context, 2000);
  say_number(tblvm_run(context, &ended));
  say_number(ended);
  say("\n");
}

void exercise(void) {
  uint32_t head[2];
  int64_t before = around_mapped();
  while (around_read(head, sizeof head) == sizeof head) {
    struct module module = {0, head[1]};
    if (head[1]) {
      void *bytes = around_take(head[1]);
      CHECK(bytes && around_read(bytes, head[1]) == head[1]);
      module.bytes = bytes;
    }
    switch (head[0]) {
    case EXERCISE_NARROW: narrow(module); break;
    case EXERCISE_WIDE: wide(module); break;
    case EXERCISE_LOADING: loading(module); break;
    case EXERCISE_NUL: nul(module); break;
    case EXERCISE_SHARING: if (sharing) sharing(module); break;
    default: any(module); break;
    }
  }
  if (kept_store) CHECK(!tblvm_store_free(kept_store));
  CHECK(around_mapped() == before);
  say("\nall is well\n");
}
