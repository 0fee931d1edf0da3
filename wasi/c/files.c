/* fd_*: what programs ask of open files. */
#include "tb_p1_files.h"

u32 tb_p1_kind(u32 type) {
  switch (type) {
  case TB_FILES_IS_DIRECTORY: return TB_P1_DIRECTORY;
  case TB_FILES_IS_FILE: return TB_P1_REGULAR_FILE;
  case TB_FILES_IS_LINK: return TB_P1_SYMBOLIC_LINK;
  case TB_FILES_IS_CHARACTERS: return TB_P1_CHARACTER_DEVICE;
  case TB_FILES_IS_BLOCKS: return TB_P1_BLOCK_DEVICE;
  default: return TB_P1_UNKNOWN;
  }
}

u32 tb_p1_stat(struct tb_context *cx, int host, u32 at, u32 bytes) {
  u8 *to = tb_p1_at(cx, at, bytes);
  if (!to) return TB_P1_FAULT;
  struct tb_files_stat found;
  long done = tb_files_stat(host, &found);
  if (done < 0) return tb_p1_error(done);
  const u64 numbers[8] = {found.device, found.number, tb_p1_kind(found.type), found.links, found.bytes, found.accessed, found.modified, found.changed};
  if (bytes == TB_P1_STAT) {
    __builtin_memcpy(to, numbers, sizeof numbers);
  } else {
    __builtin_memcpy(to, numbers, 24);
    tb_store_u32(to + 20, found.links > 0xffffffffu ? 0xffffffffu : (u32)found.links);
    __builtin_memcpy(to + 24, numbers + 4, 32);
  }
  return TB_P1_SUCCESS;
}

u32 tb_p1_set_times(int host, u64 accessed, u64 modified, u32 flags) {
  u32 both_a = TB_P1_ATIM | TB_P1_ATIM_NOW, both_m = TB_P1_MTIM | TB_P1_MTIM_NOW;
  if ((flags & both_a) == both_a || (flags & both_m) == both_m || flags > TB_P1_FSTFLAGS) return TB_P1_INVAL;
  /* No time of a file is that late: these numbers mean something else. */
  if (accessed > TB_FILES_AS_IS - 1) accessed = TB_FILES_AS_IS - 1;
  if (modified > TB_FILES_AS_IS - 1) modified = TB_FILES_AS_IS - 1;
  long done = tb_files_times(host, flags & TB_P1_ATIM_NOW ? TB_FILES_NOW : flags & TB_P1_ATIM ? accessed : TB_FILES_AS_IS,
                             flags & TB_P1_MTIM_NOW ? TB_FILES_NOW : flags & TB_P1_MTIM ? modified : TB_FILES_AS_IS);
  return done < 0 ? tb_p1_error(done) : TB_P1_SUCCESS;
}

/* A regular file with these rights. */
static u32 tb_p1_file(struct tb_context *cx, u32 fd, u64 rights, struct tb_p1_entry **found) {
  u32 error = tb_p1_find(cx, fd, 0, found);
  if (error) return error;
  if ((*found)->kind == TB_P1_CHARACTER_DEVICE) return TB_P1_SPIPE;
  if (rights & ~(*found)->base) return TB_P1_NOTCAPABLE;
  return TB_P1_SUCCESS;
}

static long tb_p1_pread_step(struct tb_context *cx, const struct tb_p1_entry *entry, u8 *at, u64 bytes, u64 offset) {
  (void)cx;
  return tb_files_read_at(entry->host, at, bytes, offset);
}
static long tb_p1_pwrite_step(struct tb_context *cx, const struct tb_p1_entry *entry, u8 *at, u64 bytes, u64 offset) {
  (void)cx;
  return tb_files_write_at(entry->host, at, bytes, offset);
}

/* No file is that long; and what is added to it below does not overflow. */
#define TB_P1_LAST_OFFSET ((1ull << 63) - 1 - TB_P1_MOST_BYTES)

u32 tb_p1_fd_pread(struct tb_context *cx, u32 fd, u32 iovs, u32 count, u64 offset, u32 read_at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_file(cx, fd, TB_P1_FD_READ | TB_P1_FD_SEEK, &entry);
  if (error) return error;
  if (offset > TB_P1_LAST_OFFSET) return TB_P1_INVAL;
  return tb_p1_vector(cx, entry, iovs, count, offset, read_at, tb_p1_pread_step);
}

u32 tb_p1_fd_pwrite(struct tb_context *cx, u32 fd, u32 iovs, u32 count, u64 offset, u32 written_at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_file(cx, fd, TB_P1_FD_WRITE | TB_P1_FD_SEEK, &entry);
  if (error) return error;
  if (offset > TB_P1_LAST_OFFSET) return TB_P1_INVAL;
  return tb_p1_vector(cx, entry, iovs, count, offset, written_at, tb_p1_pwrite_step);
}

u32 tb_p1_fd_allocate(struct tb_context *cx, u32 fd, u64 offset, u64 bytes) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_file(cx, fd, TB_P1_FD_ALLOCATE, &entry);
  if (error) return error;
  if (!bytes || bytes >> 63 || offset >> 63 || (offset + bytes) >> 63) return TB_P1_INVAL;
  long done = tb_files_allocate(entry->host, offset, bytes);
  return done < 0 ? tb_p1_error(done) : TB_P1_SUCCESS;
}

u32 tb_p1_fd_filestat_set_size(struct tb_context *cx, u32 fd, u64 bytes) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_file(cx, fd, TB_P1_FD_FILESTAT_SET_SIZE, &entry);
  if (error) return error;
  if (bytes >> 63) return TB_P1_INVAL;
  long done = tb_files_set_size(entry->host, bytes);
  return done < 0 ? tb_p1_error(done) : TB_P1_SUCCESS;
}

u32 tb_p1_fd_filestat_set_times(struct tb_context *cx, u32 fd, u64 accessed, u64 modified, u32 flags) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_file(cx, fd, TB_P1_FD_FILESTAT_SET_TIMES, &entry);
  return error ? error : tb_p1_set_times(entry->host, accessed, modified, flags);
}

/* Of struct linux_dirent64: number, place of the next one, bytes of the entry, type, name with its end. */
enum { TB_P1_ENTRIES = 2048, TB_P1_HEAD = 24 };

u32 tb_p1_fd_readdir(struct tb_context *cx, u32 fd, u32 at, u32 bytes, u64 cookie, u32 used_at) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, TB_P1_FD_READDIR, &entry);
  if (error) return error;
  if (entry->kind != TB_P1_DIRECTORY) return TB_P1_NOTDIR;
  if (!tb_p1_at(cx, at, bytes) || !tb_p1_at(cx, used_at, 4)) return TB_P1_FAULT;
  if (cookie >> 63) return TB_P1_INVAL;
  /* A descriptor of its own has a place of its own: that of a directory may be used by several programs. */
  long own = tb_files_open(entry->host, ".", TB_FILES_READ | TB_FILES_DIRECTORY);
  if (own < 0) return tb_p1_error(own);
  u32 used = 0;
  long got = 0;
  u8 entries[TB_P1_ENTRIES];
  while (used < bytes && (got = tb_files_entries((int)own, cookie, entries, sizeof entries)) > 0) {
    for (long from = 0; from < got && used < bytes;) {
      const u8 *name = entries + from + 19;
      u32 length = 0;
      while (name[length]) length++;
      u8 head[TB_P1_HEAD] = {0};
      u32 above = name[0] == '.' && name[1] == '.' && !name[2]; /* its number may be outside */
      cookie = tb_load_u64(entries + from + 8);
      tb_store_u64(head, cookie);
      tb_store_u64(head + 8, above ? 0 : tb_load_u64(entries + from));
      tb_store_u32(head + 16, length);
      head[20] = (u8)tb_p1_kind(entries[from + 18]); /* DT_DIR and the others are the types of modes */
      const u8 *parts[] = {head, name};
      const u32 sizes[] = {TB_P1_HEAD, length};
      for (u32 i = 0; i < 2; i++) {
        /* What does not fit is cut: who sees the memory filled up asks again, from the last whole entry on. */
        u32 part = sizes[i] < bytes - used ? sizes[i] : bytes - used;
        u8 *to = tb_p1_at(cx, at, bytes);
        if (to) __builtin_memcpy(to + used, parts[i], part);
        used += part;
      }
      from += tb_load_u16(entries + from + 16);
    }
  }
  tb_files_close((int)own);
  if (got < 0 && !used) return tb_p1_error(got);
  u8 *result = tb_p1_at(cx, used_at, 4);
  if (!result) return TB_P1_FAULT;
  tb_store_u32(result, used);
  return TB_P1_SUCCESS;
}
