/* Interface `descriptors`: what a program's descriptors are. wasi.console knows 0, 1 and 2 alone, wasi.table any. */
#ifndef TB_P1_FD_H
#define TB_P1_FD_H
#include "tb_p1.h"
#include "tb_platform.h"

/* Rights: bits. */
#define TB_P1_FD_DATASYNC (1ull << 0)
#define TB_P1_FD_READ (1ull << 1)
#define TB_P1_FD_SEEK (1ull << 2)
#define TB_P1_FD_FDSTAT_SET_FLAGS (1ull << 3)
#define TB_P1_FD_SYNC (1ull << 4)
#define TB_P1_FD_TELL (1ull << 5)
#define TB_P1_FD_WRITE (1ull << 6)
#define TB_P1_FD_ADVISE (1ull << 7)
#define TB_P1_FD_ALLOCATE (1ull << 8)
#define TB_P1_PATH_CREATE_DIRECTORY (1ull << 9)
#define TB_P1_PATH_CREATE_FILE (1ull << 10)
#define TB_P1_PATH_LINK_SOURCE (1ull << 11)
#define TB_P1_PATH_LINK_TARGET (1ull << 12)
#define TB_P1_PATH_OPEN (1ull << 13)
#define TB_P1_FD_READDIR (1ull << 14)
#define TB_P1_PATH_READLINK (1ull << 15)
#define TB_P1_PATH_RENAME_SOURCE (1ull << 16)
#define TB_P1_PATH_RENAME_TARGET (1ull << 17)
#define TB_P1_PATH_FILESTAT_GET (1ull << 18)
#define TB_P1_PATH_FILESTAT_SET_SIZE (1ull << 19)
#define TB_P1_PATH_FILESTAT_SET_TIMES (1ull << 20)
#define TB_P1_FD_FILESTAT_GET (1ull << 21)
#define TB_P1_FD_FILESTAT_SET_SIZE (1ull << 22)
#define TB_P1_FD_FILESTAT_SET_TIMES (1ull << 23)
#define TB_P1_PATH_SYMLINK (1ull << 24)
#define TB_P1_PATH_REMOVE_DIRECTORY (1ull << 25)
#define TB_P1_PATH_UNLINK_FILE (1ull << 26)
#define TB_P1_POLL_FD_READWRITE (1ull << 27)

/* Those of the console: bytes in, bytes out. */
#define TB_P1_INPUT (TB_P1_FD_READ | TB_P1_FD_FILESTAT_GET | TB_P1_FD_FDSTAT_SET_FLAGS | TB_P1_POLL_FD_READWRITE)
#define TB_P1_OUTPUT (TB_P1_FD_WRITE | TB_P1_FD_FILESTAT_GET | TB_P1_FD_FDSTAT_SET_FLAGS | TB_P1_POLL_FD_READWRITE)

/* Types of files. */
enum { TB_P1_UNKNOWN, TB_P1_BLOCK_DEVICE, TB_P1_CHARACTER_DEVICE, TB_P1_DIRECTORY, TB_P1_REGULAR_FILE, TB_P1_SYMBOLIC_LINK = 7 };

/* What a descriptor is. kind: a type of files, a character device for the console. used: whether there is one. lent:
 * whether the host's descriptor belongs to somebody else. host: the host's descriptor; of the console 0, 1 or 2. flags:
 * fdflags. base, inheriting: rights. name: of a directory that was granted, null for any other. */
struct tb_p1_entry {
  u8 kind, used, lent;
  u16 flags;
  int host;
  u64 base, inheriting;
  const char *name;
  u32 name_bytes;
};

/* Where there is only the console, this is constant, and what is for files is not there. */
#define TB_P1_IS_CONSOLE(entry) (!TB_P1_FILES || (entry)->kind == TB_P1_CHARACTER_DEVICE)

/* Finds descriptor *fd* if it has all of *rights*: an error number otherwise. */
u32 tb_p1_find(struct tb_context *cx, u32 fd, u64 rights, struct tb_p1_entry **found);
/* The descriptor is none any more. */
u32 tb_p1_drop(struct tb_context *cx, u32 fd);

/* The error number of what interface `files` gives. */
u32 tb_p1_error(long result);

/* Bytes out of the console's descriptor, and into it: how many, or less than 0 for what interface `platform` gives. */
static inline TB_UNUSED long tb_p1_console_write(struct tb_context *cx, int descriptor, const void *from, u64 bytes) {
  for (;;) {
    long done = descriptor == 1 ? TB_CONSOLE_WRITE(cx, from, bytes) : TB_CONSOLE_ERROR(cx, from, bytes);
    if (done != -4 || TB_INTERRUPTED(cx)) return done ? done : -5;
  }
}
static inline TB_UNUSED long tb_p1_console_read(struct tb_context *cx, void *to, u64 bytes) {
  for (;;) {
    long done = TB_INPUT_READ(cx, to, bytes);
    if (done != -4 || TB_INTERRUPTED(cx)) return done;
  }
}
/* The few errors that a console has. */
static inline TB_UNUSED u32 tb_p1_console_error(long result) {
  return result == -32 ? TB_P1_PIPE : result == -4 ? TB_P1_INTR : TB_P1_IO;
}

/* Reads or writes the program's buffers one after the other, by *step*: as long as each is done whole. count: how many
 * there are, at *iovs*; the sum goes to *result_at*. A call moves no more than so many bytes: it is to come to an end. */
enum { TB_P1_BUFFERS = 1024, TB_P1_MOST_BYTES = 1 << 24 };
typedef long tb_p1_step(struct tb_context *cx, const struct tb_p1_entry *entry, u8 *at, u64 bytes, u64 offset);
static inline TB_UNUSED TB_ALWAYS_INLINE u32 tb_p1_vector(struct tb_context *cx, const struct tb_p1_entry *entry, u32 iovs,
                                                         u32 count, u64 offset, u32 result_at, tb_p1_step *step) {
  if (count > TB_P1_BUFFERS) return TB_P1_INVAL;
  if (!tb_p1_at(cx, result_at, 4) || !tb_p1_at(cx, iovs, (u64)count * 8)) return TB_P1_FAULT;
  u32 sum = 0;
  for (u32 i = 0; i < count; i++) {
    const u8 *iov = tb_p1_at(cx, iovs + 8 * i, 8);
    if (!iov) return TB_P1_FAULT;
    u32 bytes = tb_load_u32(iov + 4);
    u8 *at = tb_p1_at(cx, tb_load_u32(iov), bytes);
    if (!at) return TB_P1_FAULT;
    u32 room = TB_P1_MOST_BYTES - sum, part = bytes < room ? bytes : room;
    if (!part && bytes) break;
    long done = part ? step(cx, entry, at, part, offset + sum) : 0;
    if (done < 0 && sum) break; /* what was moved is told first */
    if (done < 0) {
      if (TB_P1_IS_CONSOLE(entry)) return tb_p1_console_error(done);
      return tb_p1_error(done);
    }
    sum += (u32)done;
    if ((u32)done < bytes) break;
  }
  u8 *result = tb_p1_at(cx, result_at, 4);
  if (!result) return TB_P1_FAULT;
  tb_store_u32(result, sum);
  return TB_P1_SUCCESS;
}

#endif
