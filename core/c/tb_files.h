/* Interface `files`: files and directories, by descriptors and by paths that lead nowhere out of a directory. Errors are
 * negative numbers, those of Linux. Descriptors that it gives are closed in programs that the process starts. */
#ifndef TB_FILES_H
#define TB_FILES_H
#include "tb.h"

/* How a file is opened. PATH: only to look at it, or for what is in it. */
enum {
  TB_FILES_READ = 1,
  TB_FILES_WRITE = 2,
  TB_FILES_CREATE = 4,
  TB_FILES_EXCLUSIVE = 8,
  TB_FILES_TRUNCATE = 16,
  TB_FILES_DIRECTORY = 32,
  TB_FILES_NO_FOLLOW = 64,
  TB_FILES_APPEND = 128,
  TB_FILES_NONBLOCK = 256,
  TB_FILES_DSYNC = 512,
  TB_FILES_SYNC = 1024,
  TB_FILES_PATH = 2048,
};

enum { TB_FILES_PATH_BYTES = 4096, TB_FILES_OUTSIDE = -18 /* EXDEV */ };

/* A directory of the process, by any path. */
long tb_files_directory(const char *path);
/* What *path* leads to from *directory*: never out of it, by no "..", absolute path or link, whatever others do to the
 * directories meanwhile: TB_FILES_OUTSIDE where it would. path: less than TB_FILES_PATH_BYTES with its end. */
long tb_files_open(int directory, const char *path, u32 flags);
/* The same, one name at a time, for systems that do not do it by themselves. */
long tb_files_walk(int directory, const char *path, u32 flags);
long tb_files_close(int descriptor);

/* At an offset, which must be below 2**63. */
long tb_files_read_at(int descriptor, void *to, u64 bytes, u64 offset);
long tb_files_write_at(int descriptor, const void *from, u64 bytes, u64 offset);
/* whence: from the start, from where it is, from the end. */
long tb_files_seek(int descriptor, u64 offset, u32 whence);
long tb_files_sync(int descriptor, u32 data_only);
long tb_files_set_size(int descriptor, u64 bytes);
long tb_files_allocate(int descriptor, u64 offset, u64 bytes);
/* Changes APPEND and NONBLOCK. */
long tb_files_flags(int descriptor, u32 flags);

/* type: bits 12 to 15 of what Linux calls a mode. Times in nanoseconds since 1970 began. */
struct tb_files_stat {
  u64 device, number, links, bytes, accessed, modified, changed;
  u32 type;
};
enum { TB_FILES_IS_CHARACTERS = 2, TB_FILES_IS_DIRECTORY = 4, TB_FILES_IS_BLOCKS = 6, TB_FILES_IS_FILE = 8, TB_FILES_IS_LINK = 10 };
long tb_files_stat(int descriptor, struct tb_files_stat *found);
/* Whether it shows what the kernel knows of processes: such files are no data, and some of them are memory. */
u32 tb_files_is_process(int descriptor);
/* Sets both times, each in nanoseconds, or: */
#define TB_FILES_NOW (~0ull)
#define TB_FILES_AS_IS (~0ull - 1)
long tb_files_times(int descriptor, u64 accessed, u64 modified);
/* How a file is opened whose times are set. Where a filter must know that no other is meant, it is open for reading, which
 * neither devices nor pipes are. */
#if TB_CALLS_LISTED
enum { TB_FILES_TIMES = TB_FILES_READ | TB_FILES_NONBLOCK };
#else
enum { TB_FILES_TIMES = TB_FILES_PATH };
#endif

/* Entries from place *from* on, as struct linux_dirent64: how many bytes, 0 at the end. */
long tb_files_entries(int directory, u64 from, void *to, u64 bytes);

/* A name in a directory: no path, and a link is itself. */
long tb_files_make_directory(int directory, const char *name);
long tb_files_remove(int directory, const char *name, u32 a_directory);
long tb_files_rename(int from, const char *name, int to, const char *new_name);
long tb_files_link(int from, const char *name, int to, const char *new_name);
long tb_files_symlink(const char *target, int directory, const char *name);
long tb_files_read_link(int directory, const char *name, char *to, u64 bytes);

#endif
