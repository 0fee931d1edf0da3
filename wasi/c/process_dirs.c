/* Interface `directories`: those that were named when the runtime was built, or on its command line. */
#include "tb_p1_files.h"
#include "tb_process.h"

_Static_assert(sizeof(struct tb_given_directory) == 24, "a row of the store's member");
static struct tb_given_directory *tb_dirs(struct tb_context *cx) { return (struct tb_given_directory *)(void *)tb_store_of(cx)->dirs; }

/* Each as HOST, HOST::GUEST, HOST:ro or HOST::GUEST:ro (generated); null behind the last one. */
extern const char *const tb_dirs_named[];

static void tb_dirs_open(struct tb_context *cx, const char *named) {
  struct tb_store *store = tb_store_of(cx);
  if (store->dirs_count == TB_DIRS_MOST) tb_process_fail("there are too many directories: ", named);
  char host[TB_FILES_PATH_BYTES];
  u32 end = 0, split = 0;
  while (named[end]) end++;
  struct tb_given_directory *made = &tb_dirs(cx)[store->dirs_count++];
  made->read_only = end > 3 && named[end - 3] == ':' && named[end - 2] == 'r' && named[end - 1] == 'o';
  if (made->read_only) end -= 3;
  while (split < end && !(named[split] == ':' && split + 1 < end && named[split + 1] == ':')) split++;
  if (split >= sizeof host) tb_process_fail("the path is too long: ", named);
  __builtin_memcpy(host, named, split);
  host[split] = 0;
  u32 guest = split < end ? split + 2 : 0;
  made->name = named + guest;
  made->name_bytes = (split < end ? end : split) - guest;
  long opened = tb_files_directory(host);
  if (opened < 0) tb_process_fail("cannot open the directory that the program is to have: ", host);
  made->host = (int)opened;
}

void tb_dirs_add(struct tb_context *cx, const char *named) { tb_dirs_open(cx, named); }

void tb_dirs_start(struct tb_context *cx) {
  if (!tb_store_of(cx)->process) return; /* a program that another one runs */
  for (const char *const *at = tb_dirs_named; *at; at++) tb_dirs_open(cx, *at);
}

void tb_dirs_places(struct tb_context *cx) {
  for (u32 i = 0; i < tb_store_of(cx)->dirs_count; i++) TB_PLACE(cx, tb_dirs(cx)[i].host, !tb_dirs(cx)[i].read_only);
}

u32 tb_given_directory(struct tb_context *cx, u32 which, struct tb_given_directory *found) {
  if (which >= tb_store_of(cx)->dirs_count) return 0;
  *found = tb_dirs(cx)[which];
  return 1;
}
