/* The fuzzing target: loads a module, and runs it when it is accepted, in process. The text of
 * core/c/loader/entry.c stands before this one; its tb_entry is called tb_runtime_entry here.
 *
 *     LLVMFuzzerTestOneInput    for libFuzzer
 *     tb_entry                  runs the files named on the command line, twice each: the second run must end as the
 *                               first, or something outlived it. Prints for each: status, whether it ran, its output's hash */
#include "tb_fuzz.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TB_FUZZ_PENDING_BYTES = 1 << 17 };
enum { TB_FUZZ_FUEL = 10000, TB_FUZZ_STRESSED_FUEL = 2000 };
enum { TB_FUZZ_MEMORY = 1 << 20, TB_FUZZ_LITTLE_MEMORY = 16384, TB_FUZZ_LEAST_MEMORY = 2048 };
struct tb_fuzz tb_fuzz_now;
static jmp_buf tb_fuzz_back;
static int tb_fuzz_status;

int LLVMFuzzerTestOneInput(const u8 *file, __SIZE_TYPE__ size);

_Noreturn void tb_fuzz_end(int status) {
  tb_fuzz_status = status;
  longjmp(tb_fuzz_back, 1);
}

/* Where the bytes of section TB_FUZZ_SECTION are, if the file has one. */
static const u8 *tb_fuzz_find(const u8 *file, u64 size, u32 *bytes) {
  u32 count = size < 48 ? 0 : tb_load_u32(file + 44);
  for (u64 row = 48; count && row + 12 <= size; row += 12, count--) {
    u32 offset = tb_load_u32(file + row + 4);
    *bytes = tb_load_u32(file + row + 8);
    if (tb_load_u32(file + row) == TB_FUZZ_SECTION && offset < size && *bytes <= size - offset && *bytes) return file + offset;
  }
  *bytes = 0;
  return file;
}

/* Nothing of the last run is left. */
static void tb_fuzz_reset(const u8 *file, u64 size) {
  static const u32 heaps[] = {8192, 64, 1024, 65536}, stacks[] = {400, 16, 100, 4000};
  u32 bytes;
  const u8 *at = tb_fuzz_find(file, size, &bytes);
  memset(&tb_the_context, 0, sizeof tb_the_context);
  memset(&tb_the_store, 0, sizeof tb_the_store);
  memset(&tb_the_module, 0, sizeof tb_the_module);
  u32 how = bytes ? *at : 0;
  tb_fuzz_now = (struct tb_fuzz){.file = file, .size = size, .how = how, .output = 0xcbf29ce484222325};
  tb_fuzz_now.input = at + (bytes != 0);
  tb_fuzz_now.input_bytes = bytes - (bytes != 0);
  tb_fuzz_now.stress = how & TB_FUZZ_STRESS;
  tb_fuzz_now.memory = !(how & TB_FUZZ_LITTLE) ? TB_FUZZ_MEMORY : how & TB_FUZZ_WHOLE ? TB_FUZZ_LEAST_MEMORY : TB_FUZZ_LITTLE_MEMORY;
  tb_fuzz_now.heap_bytes = heaps[how >> TB_FUZZ_HEAP & 3];
  tb_fuzz_now.stack_cells = stacks[how >> TB_FUZZ_STACK & 3];
  tb_fuzz_now.fuel = tb_fuzz_now.stress ? TB_FUZZ_STRESSED_FUEL : TB_FUZZ_FUEL;
}

/* As tb_runtime_entry does, but file and memory are blocks of their own, so that a sanitizer sees what leaves them. */
static void tb_fuzz_load(u8 *file, u64 size) {
  static u8 *large, *small;
  if (!large) large = malloc(TB_FUZZ_MEMORY);
  if (!small) small = malloc(TB_FUZZ_LITTLE_MEMORY);
  if (!large || !small) abort();
  struct tb_module *module = &tb_the_module;
  module->file = (struct tb_area){file, (u32)size};
  module->low = tb_fuzz_now.how & TB_FUZZ_LITTLE ? small : large;
  module->high = module->low + tb_fuzz_now.memory;
  module->image = &tb_the_store.image;
  module->function = TB_NONE;
  module->offset = -1;
  tb_module_check(module);
  tb_module_layout(module);
  tb_module_verify(module);
  tb_module_tables(&tb_the_context, module);
}

static void tb_fuzz_start(void) {
  struct tb_context *cx = &tb_the_context;
  tb_check_limits(&tb_the_context, &tb_the_module);
  tb_start(cx);
  u32 trap = tb_run(cx, TB_ENTRY(cx));
  tb_finish(cx);
  if (!trap && (cx->sp < cx->stack_base || cx->sp > cx->stack_base + TB_STACK_CELLS)) abort();
  tb_fuzz_end((int)TB_REPORT(cx, trap));
}

/* What a crash while the mutator tries something is about: libFuzzer keeps the input before that. A shared mapping of
 * the file that TB_FUZZ_PENDING names: a size, and the bytes. */
static u8 *tb_fuzz_pending(void) {
  static u8 *pending;
  if (pending) return pending;
  const char *name = getenv("TB_FUZZ_PENDING");
  int descriptor = name ? open(name, O_RDWR | O_CREAT, 0666) : -1, shared = MAP_SHARED;
  if (descriptor < 0)
    shared = MAP_PRIVATE | MAP_ANONYMOUS;
  else if (ftruncate(descriptor, TB_FUZZ_PENDING_BYTES))
    abort();
  pending = mmap(0, TB_FUZZ_PENDING_BYTES, PROT_READ | PROT_WRITE, shared, descriptor, 0);
  if (pending == MAP_FAILED) abort();
  return pending;
}

u32 tb_fuzz_accepts(const u8 *file, u64 size) {
  u8 *volatile copy = malloc(size ? size : 1);
  volatile u32 accepted = 0;
  u8 *pending = tb_fuzz_pending();
  memcpy(pending + 4, file, size);
  tb_store_u32(pending, (u32)size);
  if (size) memcpy(copy, file, size);
  tb_fuzz_reset(file, size);
  if (!setjmp(tb_fuzz_back)) {
    tb_fuzz_load(copy, size);
    accepted = 1;
  }
  tb_store_u32(pending, 0);
  free(copy);
  return accepted;
}

struct tb_fuzz_outcome tb_fuzz_run(const u8 *file, u64 size) {
  u8 *volatile copy = malloc(size ? size : 1);
  volatile u32 ran = 0;
  if (size) memcpy(copy, file, size);
  tb_fuzz_reset(file, size);
  if (!setjmp(tb_fuzz_back)) {
    if (tb_fuzz_now.how & TB_FUZZ_WHOLE) {
      /* The code of users: with a file's name, without one, or with the name of a file that is not there. */
      static char program[] = "runtime", name[] = "fuzzed.tbc", missing[] = "-x";
      u32 other = tb_fuzz_now.how & TB_FUZZ_LITTLE, fails = other && tb_fuzz_now.how & TB_FUZZ_SHORT;
      tb_fuzz_now.standard = other && !fails;
      void *start[] = {(void *)(tb_fuzz_now.standard ? 1L : 2L), program, fails ? missing : name, 0};
      tb_runtime_entry(start);
    }
    tb_fuzz_load(copy, size);
    ran = 1;
    tb_fuzz_start();
  }
  tb_fuzz_free();
  free(copy);
  return (struct tb_fuzz_outcome){(u32)tb_fuzz_status, ran, tb_fuzz_now.output};
}

int LLVMFuzzerTestOneInput(const u8 *file, __SIZE_TYPE__ size) {
  tb_fuzz_run(file, size);
  return 0;
}

_Noreturn void tb_entry(const void *start) {
  const char *const *arguments = (const char *const *)start + 1;
  for (long i = 1; i < *(const long *)start; i++) {
    /* "@name" is a file that lists files. */
    FILE *list = arguments[i][0] == '@' ? fopen(arguments[i] + 1, "r") : 0;
    char line[4096];
    while (list && fgets(line, sizeof line, list)) {
      line[strcspn(line, "\n")] = 0;
      FILE *input = fopen(line, "rb");
      static u8 bytes[1 << 20];
      if (!input) exit(2);
      u64 size = fread(bytes, 1, sizeof bytes, input);
      fclose(input);
      fprintf(stderr, "%s\n", line); /* the last one is what a sanitizer's report is about */
      struct tb_fuzz_outcome first = tb_fuzz_run(bytes, size), second = tb_fuzz_run(bytes, size);
      if (first.status != second.status || first.ran != second.ran || first.output != second.output) {
        fprintf(stderr, "the second run ends otherwise than the first\n");
        abort();
      }
      printf("%u %u %016llx\n", first.status, first.ran, (unsigned long long)first.output);
    }
    if (list) fclose(list);
  }
  fflush(stdout);
  exit(0);
}
