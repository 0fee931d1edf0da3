/* Files and directories. Flags and structures: uapi/asm-generic/fcntl.h, uapi/linux/stat.h, uapi/linux/openat2.h. */
#include "tb_files.h"
#include "tb_linux_cpu.h"

enum {
  TB_LINUX_HERE = -100,         /* AT_FDCWD */
  TB_LINUX_EMPTY_PATH = 0x1000, /* AT_EMPTY_PATH: the descriptor itself */
  TB_LINUX_OWNER_ONLY = 0666,   /* what the umask leaves of it */
};

/* O_... of these. */
static long tb_linux_how(u32 flags) {
  long how = 02000000; /* O_CLOEXEC */
  if (flags & TB_FILES_DIRECTORY) how |= TB_LINUX_O_DIRECTORY;
  if (flags & TB_FILES_NO_FOLLOW) how |= TB_LINUX_O_NOFOLLOW;
  if (flags & TB_FILES_PATH) return how | 010000000; /* O_PATH */
  if (flags & TB_FILES_WRITE) how |= flags & TB_FILES_READ ? 2 : 1;
#if TB_CALLS_LISTED
  /* Filters let nothing be emptied that is not open for writing: landlock does not see it before Linux 6.2. */
  else if (flags & TB_FILES_TRUNCATE) how |= 2;
#endif
  if (flags & TB_FILES_CREATE) how |= 0100;
  if (flags & TB_FILES_EXCLUSIVE) how |= 0200;
  if (flags & TB_FILES_TRUNCATE) how |= 01000;
  if (flags & TB_FILES_APPEND) how |= 02000;
  if (flags & TB_FILES_NONBLOCK) how |= 04000;
  if (flags & TB_FILES_DSYNC) how |= 010000;
  if (flags & TB_FILES_SYNC) how |= 04010000;
  return how;
}

static long tb_linux_at(int directory, const char *name, u32 flags) {
  return tb_linux_call6(TB_LINUX_OPENAT, directory, (long)name, tb_linux_how(flags), TB_LINUX_OWNER_ONLY, 0, 0);
}

long tb_files_directory(const char *path) { return tb_linux_at(TB_LINUX_HERE, path, TB_FILES_READ | TB_FILES_DIRECTORY); }

long tb_files_close(int descriptor) { return tb_linux_call3(TB_LINUX_CLOSE, descriptor, 0, 0); }

#if TB_CALLS_LISTED
/* A filter sees flags and mode of openat, and nothing of what openat2 is given. */
long tb_files_open(int directory, const char *path, u32 flags) { return tb_files_walk(directory, path, flags); }
#else
long tb_files_open(int directory, const char *path, u32 flags) {
  /* struct open_how; RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH */
  const u64 how[3] = {(u64)tb_linux_how(flags), flags & TB_FILES_CREATE ? TB_LINUX_OWNER_ONLY : 0, 0x02 | 0x08};
  long found = -11;
  /* EAGAIN: somebody moved a directory meanwhile. */
  for (u32 tries = 0; found == -11 && tries < 32; tries++)
    found = tb_linux_call6(TB_LINUX_OPENAT2, directory, (long)path, (long)how, sizeof how, 0, 0);
  /* ENOSYS before Linux 5.6; EPERM where a filter does not know it: then its own answer is the same. */
  return found == -38 || found == -1 || found == -11 ? tb_files_walk(directory, path, flags) : found;
}
#endif

enum { TB_LINUX_DEPTH = 256, TB_LINUX_LINKS = 40 };

/* The descriptors on the way down; the directory itself is below them. */
struct tb_linux_way {
  int directory, there[TB_LINUX_DEPTH];
  u32 depth;
};

static int tb_linux_place(const struct tb_linux_way *way) { return way->depth ? way->there[way->depth - 1] : way->directory; }

static long tb_linux_back(struct tb_linux_way *way, long result) {
  while (way->depth) tb_files_close(way->there[--way->depth]);
  return result;
}

/* Puts what a link says in front of the rest of a path. */
static long tb_linux_expand(char *path, u32 *at, const char *target, u64 bytes, const char *rest) {
  u64 length = 0;
  while (rest[length]) length++;
  if (!bytes) return -2;
  if (*target == '/') return TB_FILES_OUTSIDE;
  if (bytes + length >= TB_FILES_PATH_BYTES) return -36;
  __builtin_memmove(path + bytes, rest, length + 1);
  __builtin_memcpy(path, target, bytes);
  *at = 0;
  return 0;
}

/* Every directory on the way was found by a name in the one before, without a link: the way back is the way that it came,
 * whatever others move meanwhile. */
long tb_files_walk(int directory, const char *given, u32 flags) {
  struct tb_linux_way way;
  char path[TB_FILES_PATH_BYTES], target[TB_FILES_PATH_BYTES], name[256];
  u32 at = 0, links = 0, length = 0;
  way.directory = directory;
  way.depth = 0;
  while (given[length]) length++;
  if (!length) return -2;
  if (length >= sizeof path) return -36;
  if (*given == '/') return TB_FILES_OUTSIDE;
  __builtin_memcpy(path, given, length + 1);
  for (;;) {
    while (path[at] == '/') at++;
    u32 bytes = 0;
    while (path[at + bytes] && path[at + bytes] != '/') bytes++;
    if (!bytes) { /* the path ended at a directory */
      if (flags & TB_FILES_CREATE) return tb_linux_back(&way, flags & TB_FILES_EXCLUSIVE ? -17 : -21);
      return tb_linux_back(&way, tb_linux_at(tb_linux_place(&way), ".", flags));
    }
    if (bytes >= sizeof name) return tb_linux_back(&way, -36);
    __builtin_memcpy(name, path + at, bytes);
    name[bytes] = 0;
    u32 slash = path[at + bytes] == '/';
    at += bytes;
    if (name[0] == '.' && bytes == 1) continue;
    if (name[0] == '.' && name[1] == '.' && bytes == 2) {
      if (!way.depth) return TB_FILES_OUTSIDE;
      tb_files_close(way.there[--way.depth]);
      continue;
    }
    int place = tb_linux_place(&way);
    long got, found;
    if (!slash) {
      found = tb_linux_at(place, name, flags | TB_FILES_NO_FOLLOW);
      /* A link is open itself (PATH), or it is what stood in the way (ELOOP, ENOTDIR). */
      u32 may = flags & TB_FILES_NO_FOLLOW ? 0 : found >= 0 ? flags & TB_FILES_PATH : found == -40 || found == -20;
      if (!may) return tb_linux_back(&way, found);
      got = found >= 0 ? tb_files_read_link((int)found, "", target, sizeof target) : tb_files_read_link(place, name, target, sizeof target);
      if (got < 0) {
        /* No link; or one that may not be looked at, which is not what it names (EACCES). */
        if (found >= 0 && got == -13) tb_files_close((int)found), found = got;
        return tb_linux_back(&way, found);
      }
      if (found >= 0) tb_files_close((int)found);
    } else {
      found = tb_linux_at(place, name, TB_FILES_PATH | TB_FILES_NO_FOLLOW);
      if (found < 0) return tb_linux_back(&way, found);
      got = tb_files_read_link((int)found, "", target, sizeof target);
      if (got < 0) {
        struct tb_files_stat what;
        long known = tb_files_stat((int)found, &what);
        if (!known && what.type != TB_FILES_IS_DIRECTORY) known = got == -13 ? got : -20;
        if (!known && way.depth == TB_LINUX_DEPTH) known = -36;
        if (known) {
          tb_files_close((int)found);
          return tb_linux_back(&way, known);
        }
        way.there[way.depth++] = (int)found;
        continue;
      }
      tb_files_close((int)found);
    }
    got = links++ < TB_LINUX_LINKS ? tb_linux_expand(path, &at, target, (u64)got, path + at) : -40;
    if (got) return tb_linux_back(&way, got);
  }
}

long tb_files_read_at(int descriptor, void *to, u64 bytes, u64 offset) {
  return tb_linux_call6(TB_LINUX_PREAD64, descriptor, (long)to, (long)bytes, (long)offset, 0, 0);
}

long tb_files_write_at(int descriptor, const void *from, u64 bytes, u64 offset) {
  return tb_linux_call6(TB_LINUX_PWRITE64, descriptor, (long)from, (long)bytes, (long)offset, 0, 0);
}

long tb_files_seek(int descriptor, u64 offset, u32 whence) {
  return tb_linux_call3(TB_LINUX_LSEEK, descriptor, (long)offset, (long)whence);
}

long tb_files_sync(int descriptor, u32 data_only) {
  return data_only ? tb_linux_call3(TB_LINUX_FDATASYNC, descriptor, 0, 0) : tb_linux_call3(TB_LINUX_FSYNC, descriptor, 0, 0);
}

long tb_files_set_size(int descriptor, u64 bytes) { return tb_linux_call3(TB_LINUX_FTRUNCATE, descriptor, (long)bytes, 0); }

long tb_files_allocate(int descriptor, u64 offset, u64 bytes) {
  return tb_linux_call6(TB_LINUX_FALLOCATE, descriptor, 0, (long)offset, (long)bytes, 0, 0);
}

/* F_SETFL */
long tb_files_flags(int descriptor, u32 flags) { return tb_linux_call3(TB_LINUX_FCNTL, descriptor, 4, tb_linux_how(flags)); }

struct tb_linux_time {
  s64 seconds;
  u32 nanoseconds, padding;
};

static u64 tb_linux_nanoseconds(struct tb_linux_time time) {
  return time.seconds < 0 ? 0 : (u64)time.seconds * 1000000000u + time.nanoseconds;
}

long tb_files_stat(int descriptor, struct tb_files_stat *found) {
  struct {
    u32 mask, block;
    u64 attributes;
    u32 links, owner, group;
    u16 mode, padding;
    u64 number, bytes, blocks, attributes_mask;
    struct tb_linux_time accessed, born, changed, modified;
    u32 special_major, special_minor, major, minor;
    u64 more[14];
  } it; /* struct statx: 256 bytes */
  long done = tb_linux_call6(TB_LINUX_STATX, descriptor, (long)"", TB_LINUX_EMPTY_PATH, 0x7ff, (long)&it, 0);
  if (done < 0) return done;
  *found = (struct tb_files_stat){.device = (u64)it.major << 32 | it.minor,
                                  .number = it.number,
                                  .links = it.links,
                                  .bytes = it.bytes,
                                  .accessed = tb_linux_nanoseconds(it.accessed),
                                  .modified = tb_linux_nanoseconds(it.modified),
                                  .changed = tb_linux_nanoseconds(it.changed),
                                  .type = it.mode >> 12};
  return 0;
}

u32 tb_files_is_process(int descriptor) {
  u64 found[15] = {0}; /* struct statfs of 64-bit systems: the type comes first; PROC_SUPER_MAGIC */
  return tb_linux_call3(TB_LINUX_FSTATFS, descriptor, (long)found, 0) == 0 && found[0] == 0x9fa0;
}

static void tb_linux_moment(long *time, u64 nanoseconds) {
  time[0] = (long)(nanoseconds / 1000000000u);
  time[1] = (long)(nanoseconds % 1000000000u);
  if (nanoseconds == TB_FILES_NOW) time[1] = 0x3fffffff;   /* UTIME_NOW */
  if (nanoseconds == TB_FILES_AS_IS) time[1] = 0x3ffffffe; /* UTIME_OMIT */
}

long tb_files_times(int descriptor, u64 accessed, u64 modified) {
  long times[4];
  tb_linux_moment(times, accessed);
  tb_linux_moment(times + 2, modified);
#if TB_CALLS_LISTED
  /* Filters know no paths, and landlock no times: none is given, and descriptors are open for reading (TB_FILES_TIMES). */
  return tb_linux_call6(TB_LINUX_UTIMENSAT, descriptor, 0, (long)times, 0, 0, 0);
#else
  /* Descriptors that are only to look at are known so since Linux 5.8. */
  return tb_linux_call6(TB_LINUX_UTIMENSAT, descriptor, (long)"", (long)times, TB_LINUX_EMPTY_PATH, 0, 0);
#endif
}

long tb_files_entries(int directory, u64 from, void *to, u64 bytes) {
  long done = tb_files_seek(directory, from, 0);
  return done < 0 ? done : tb_linux_call3(TB_LINUX_GETDENTS64, directory, (long)to, (long)bytes);
}

long tb_files_make_directory(int directory, const char *name) {
  return tb_linux_call3(TB_LINUX_MKDIRAT, directory, (long)name, 0777);
}

long tb_files_remove(int directory, const char *name, u32 a_directory) {
  return tb_linux_call3(TB_LINUX_UNLINKAT, directory, (long)name, a_directory ? 0x200 : 0); /* AT_REMOVEDIR */
}

long tb_files_rename(int from, const char *name, int to, const char *new_name) {
  return tb_linux_call6(TB_LINUX_RENAMEAT2, from, (long)name, to, (long)new_name, 0, 0);
}

long tb_files_link(int from, const char *name, int to, const char *new_name) {
  return tb_linux_call6(TB_LINUX_LINKAT, from, (long)name, to, (long)new_name, 0, 0);
}

long tb_files_symlink(const char *target, int directory, const char *name) {
  return tb_linux_call3(TB_LINUX_SYMLINKAT, (long)target, directory, (long)name);
}

long tb_files_read_link(int directory, const char *name, char *to, u64 bytes) {
  return tb_linux_call6(TB_LINUX_READLINKAT, directory, (long)name, (long)to, (long)bytes, 0, 0);
}
