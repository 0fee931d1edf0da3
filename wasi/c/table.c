/* Interface `descriptors` of programs that open files: a table of their own, in which the host's numbers are not. */
#include "tb_p1_files.h"

_Static_assert(sizeof(struct tb_p1_entry) == 48, "a row of the store's member");
static struct tb_p1_entry *tb_p1_table(struct tb_context *cx) { return (struct tb_p1_entry *)(void *)tb_store_of(cx)->wasi_table; }

/* The console, then what the program was given. */
void tb_p1_table_start(struct tb_context *cx) {
  struct tb_p1_entry *table = tb_p1_table(cx);
  for (int i = 0; i < 3; i++)
    table[i] = (struct tb_p1_entry){.kind = TB_P1_CHARACTER_DEVICE, .used = 1, .lent = 1, .host = i, .base = i ? TB_P1_OUTPUT : TB_P1_INPUT};
  struct tb_given_directory given;
  for (u32 i = 0; i + 3 < TB_WASI_DESCRIPTORS && tb_given_directory(cx, i, &given); i++) {
    u64 taken = given.read_only ? TB_P1_CHANGES : 0;
    table[i + 3] = (struct tb_p1_entry){.kind = TB_P1_DIRECTORY,
                                        .used = 1,
                                        .lent = 1,
                                        .host = given.host,
                                        .base = TB_P1_ANY_DIRECTORY & ~taken,
                                        .inheriting = (TB_P1_ANY_DIRECTORY | TB_P1_ANY_FILE) & ~taken,
                                        .name = given.name,
                                        .name_bytes = given.name_bytes};
  }
}

/* What the program has left open is closed with it. */
void tb_p1_table_release(struct tb_context *cx) {
  for (u32 fd = 0; fd < TB_WASI_DESCRIPTORS; fd++)
    if (tb_p1_table(cx)[fd].used) tb_p1_drop(cx, fd);
}

u32 tb_p1_find(struct tb_context *cx, u32 fd, u64 rights, struct tb_p1_entry **found) {
  if (fd >= TB_WASI_DESCRIPTORS || !tb_p1_table(cx)[fd].used) return TB_P1_BADF;
  *found = &tb_p1_table(cx)[fd];
  return rights & ~(*found)->base ? TB_P1_NOTCAPABLE : TB_P1_SUCCESS;
}

u32 tb_p1_drop(struct tb_context *cx, u32 fd) {
  struct tb_p1_entry *entry = &tb_p1_table(cx)[fd];
  long done = entry->lent ? 0 : tb_files_close(entry->host);
  *entry = (struct tb_p1_entry){0};
  return done < 0 && done != -4 ? tb_p1_error(done) : TB_P1_SUCCESS; /* Linux closes even where it was interrupted */
}

u32 tb_p1_add(struct tb_context *cx, const struct tb_p1_entry *entry, u32 at) {
  struct tb_p1_entry *table = tb_p1_table(cx);
  u32 fd = 0;
  while (fd < TB_WASI_DESCRIPTORS && table[fd].used) fd++;
  u8 *to = tb_p1_at(cx, at, 4);
  if (fd == TB_WASI_DESCRIPTORS || !to) {
    tb_files_close(entry->host);
    return to ? TB_P1_MFILE : TB_P1_FAULT;
  }
  table[fd] = *entry;
  tb_store_u32(to, fd);
  return TB_P1_SUCCESS;
}

u32 tb_p1_fd_renumber(struct tb_context *cx, u32 fd, u32 to) {
  struct tb_p1_entry *from, *over;
  u32 error = tb_p1_find(cx, fd, 0, &from);
  if (!error) error = tb_p1_find(cx, to, 0, &over);
  if (error || fd == to) return error;
  tb_p1_drop(cx, to);
  *over = *from;
  *from = (struct tb_p1_entry){0};
  return TB_P1_SUCCESS;
}

/* Rights can only become fewer. */
u32 tb_p1_fd_fdstat_set_rights(struct tb_context *cx, u32 fd, u64 base, u64 inheriting) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  if (error) return error;
  if ((base & ~entry->base) | (inheriting & ~entry->inheriting)) return TB_P1_NOTCAPABLE;
  entry->base = base;
  entry->inheriting = inheriting;
  return TB_P1_SUCCESS;
}
