/* Files of programs: what their functions share. */
#ifndef TB_P1_FILES_H
#define TB_P1_FILES_H
#include "tb_files.h"
#include "tb_p1_fd.h"

/* Flags of a descriptor, of opening a file, of looking a path up, of setting times. */
enum { TB_P1_APPEND = 1, TB_P1_DSYNC = 2, TB_P1_NONBLOCK = 4, TB_P1_RSYNC = 8, TB_P1_SYNC = 16, TB_P1_FDFLAGS = 31 };
enum { TB_P1_CREAT = 1, TB_P1_O_DIRECTORY = 2, TB_P1_EXCL = 4, TB_P1_TRUNC = 8, TB_P1_OFLAGS = 15 };
enum { TB_P1_FOLLOW = 1 };
enum { TB_P1_ATIM = 1, TB_P1_ATIM_NOW = 2, TB_P1_MTIM = 4, TB_P1_MTIM_NOW = 8, TB_P1_FSTFLAGS = 15 };

/* All rights of files, of directories, and what they have of them that are granted for reading. */
#define TB_P1_ANY_FILE                                                                                                  \
  (TB_P1_FD_DATASYNC | TB_P1_FD_READ | TB_P1_FD_SEEK | TB_P1_FD_FDSTAT_SET_FLAGS | TB_P1_FD_SYNC | TB_P1_FD_TELL |      \
   TB_P1_FD_WRITE | TB_P1_FD_ADVISE | TB_P1_FD_ALLOCATE | TB_P1_FD_FILESTAT_GET | TB_P1_FD_FILESTAT_SET_SIZE |          \
   TB_P1_FD_FILESTAT_SET_TIMES | TB_P1_POLL_FD_READWRITE)
#define TB_P1_ANY_DIRECTORY                                                                                             \
  (TB_P1_FD_FDSTAT_SET_FLAGS | TB_P1_FD_SYNC | TB_P1_FD_ADVISE | TB_P1_PATH_CREATE_DIRECTORY | TB_P1_PATH_CREATE_FILE | \
   TB_P1_PATH_LINK_SOURCE | TB_P1_PATH_LINK_TARGET | TB_P1_PATH_OPEN | TB_P1_FD_READDIR | TB_P1_PATH_READLINK |         \
   TB_P1_PATH_RENAME_SOURCE | TB_P1_PATH_RENAME_TARGET | TB_P1_PATH_FILESTAT_GET | TB_P1_PATH_FILESTAT_SET_SIZE |       \
   TB_P1_PATH_FILESTAT_SET_TIMES | TB_P1_FD_FILESTAT_GET | TB_P1_FD_FILESTAT_SET_TIMES | TB_P1_PATH_SYMLINK |           \
   TB_P1_PATH_REMOVE_DIRECTORY | TB_P1_PATH_UNLINK_FILE | TB_P1_POLL_FD_READWRITE)
#define TB_P1_CHANGES_FILE (TB_P1_FD_WRITE | TB_P1_FD_ALLOCATE | TB_P1_FD_FILESTAT_SET_SIZE)
#define TB_P1_CHANGES                                                                                                   \
  (TB_P1_CHANGES_FILE | TB_P1_FD_FILESTAT_SET_TIMES | TB_P1_PATH_CREATE_DIRECTORY | TB_P1_PATH_CREATE_FILE |            \
   TB_P1_PATH_LINK_SOURCE | TB_P1_PATH_LINK_TARGET | TB_P1_PATH_RENAME_SOURCE | TB_P1_PATH_RENAME_TARGET |              \
   TB_P1_PATH_FILESTAT_SET_SIZE | TB_P1_PATH_FILESTAT_SET_TIMES | TB_P1_PATH_SYMLINK | TB_P1_PATH_REMOVE_DIRECTORY |    \
   TB_P1_PATH_UNLINK_FILE)

/* Flags of a descriptor as interface `files` has them. */
static inline TB_UNUSED u32 tb_p1_opened(u32 flags) {
  u32 opened = 0;
  if (flags & TB_P1_APPEND) opened |= TB_FILES_APPEND;
  if (flags & TB_P1_NONBLOCK) opened |= TB_FILES_NONBLOCK;
  if (flags & TB_P1_DSYNC) opened |= TB_FILES_DSYNC;
  if (flags & (TB_P1_SYNC | TB_P1_RSYNC)) opened |= TB_FILES_SYNC;
  return opened;
}

/* A type of files for one of interface `files`. */
u32 tb_p1_kind(u32 type);
/* What is known of an open file, into the bytes at *at*: so many, or those of wasi_unstable, where the number of links has
 * 32 bits. */
enum { TB_P1_STAT = 64, TB_P0_STAT = 56 };
u32 tb_p1_stat(struct tb_context *cx, int host, u32 at, u32 bytes);
/* Sets times as a program gives them. */
u32 tb_p1_set_times(int host, u64 accessed, u64 modified, u32 flags);

/* The lowest descriptor that is none, for this: its number at *at*. Closes the host's where there is none left. */
u32 tb_p1_add(struct tb_context *cx, const struct tb_p1_entry *entry, u32 at);

/* A path of the program, copied: it may change in its memory meanwhile. */
struct tb_p1_path {
  char text[TB_FILES_PATH_BYTES];
};
u32 tb_p1_path(struct tb_context *cx, u32 at, u32 bytes, struct tb_p1_path *path);

/* A directory that was granted: the host's descriptor for it, whether for reading alone, and what the program calls it. */
struct tb_given_directory {
  const char *name;
  u32 name_bytes, read_only;
  int host;
};
/* Interface `directories`: directory number *which* that the program was given; 0 behind the last one. */
u32 tb_given_directory(struct tb_context *cx, u32 which, struct tb_given_directory *found);

#endif
