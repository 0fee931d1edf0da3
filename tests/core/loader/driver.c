/* Reads modules from standard input, each behind its size and before the sizes of its tables, and answers for each with words on standard output:
 *     refused    status, function (or -1), offset (two words), name bytes and name, message bytes and message
 *     accepted   0, bytes of maps and the maps as the verifier leaves them, the tables */
#include "tb_module.h"
#include "tb_platform.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tb_context tb_the_context;
struct tb_store tb_the_store;

enum { MEMORY = 64 << 20 };
static jmp_buf back;

static void put(const void *from, u32 bytes) {
  if (bytes) fwrite(from, 1, bytes, stdout);
}
static void put_word(u32 word) { put(&word, 4); }
static void put_text(const void *text, u32 bytes) {
  put_word(bytes);
  put(text, bytes);
}

_Noreturn void tb_refuse(struct tb_module *module, u32 status, const char *message) {
  struct tb_area name = tb_module_name(module, module->function);
  put_word(status);
  put_word(module->function);
  put(&module->offset, 8);
  put_text(name.at, name.size);
  put_text(message, (u32)strlen(message));
  longjmp(back, 1);
}

_Noreturn void tb_entry(const void *start) {
  (void)start;
  u8 *memory = malloc(MEMORY);
  u32 size;
  while (fread(&size, 4, 1, stdin) == 1) {
    static struct tb_module module;
    memset(&module, 0, sizeof module);
    /* A block of its own, so that a sanitizer sees what is read behind the file. */
    u8 *file = malloc(size ? size : 1);
    if (size && fread(file, 1, size, stdin) != size) exit(1);
    u32 sizes[TB_DRIVER_TABLES];
    if (fread(sizes, 1, sizeof sizes, stdin) != sizeof sizes) exit(1);
    module.file = (struct tb_area){file, size};
    module.low = memory;
    module.high = memory + MEMORY;
    module.image = &tb_the_store.image;
    module.function = TB_NONE;
    module.offset = -1;
    if (!setjmp(back)) {
      tb_module_check(&module);
      tb_module_layout(&module);
      tb_module_verify(&module);
      const u32 *end = module.maps;
      for (u32 i = 0; i < module.functions; i++, end++)
        while (*end) end += 2 + end[1];
      tb_module_tables(&tb_the_context, &module);
      put_word(0);
      put_text(module.maps, (u32)(end - module.maps) * 4);
      for (u32 i = 0; i < TB_DRIVER_TABLES; i++) put(tb_driver_table(i), sizes[i]);
    }
    fflush(stdout);
    free(file);
  }
  exit(0);
}
