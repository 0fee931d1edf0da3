/* path_*: what programs ask of files by paths, below the directories that they were given.
 *
 * Interface `files` follows paths, and leaves no directory. Operations that concern a name (to make it, to remove it) are
 * done in its directory, which is looked up so, by a name without a slash: no system follows anything in it then. */
#include "tb_p1_files.h"

u32 tb_p1_path(struct tb_context *cx, u32 at, u32 bytes, struct tb_p1_path *path) {
  const u8 *from = tb_p1_at(cx, at, bytes);
  if (!from) return TB_P1_FAULT;
  if (bytes >= sizeof path->text) return TB_P1_NAMETOOLONG;
  __builtin_memcpy(path->text, from, bytes);
  path->text[bytes] = 0;
  for (u32 i = 0; i < bytes; i++)
    if (!path->text[i]) return TB_P1_INVAL;
  return TB_P1_SUCCESS;
}

/* A directory with these rights, and a path. */
static u32 tb_p1_below(struct tb_context *cx, u32 fd, u64 rights, u32 at, u32 bytes, struct tb_p1_entry **entry, struct tb_p1_path *path) {
  u32 error = tb_p1_find(cx, fd, 0, entry);
  if (error) return error;
  if ((*entry)->kind != TB_P1_DIRECTORY) return TB_P1_NOTDIR;
  if (rights & ~(*entry)->base) return TB_P1_NOTCAPABLE;
  return tb_p1_path(cx, at, bytes, path);
}

/* A name in a directory, which is open. slash: whether the path says that it is a directory. */
struct tb_p1_name {
  int directory;
  u32 slash;
  const char *name;
};

/* Splits *path*, which changes. */
static u32 tb_p1_name(const struct tb_p1_entry *entry, struct tb_p1_path *path, struct tb_p1_name *found) {
  char *text = path->text;
  u32 end = 0;
  while (text[end]) end++;
  if (!end) return TB_P1_NOENT;
  if (*text == '/') return TB_P1_PERM;
  found->slash = text[end - 1] == '/';
  while (end > 1 && text[end - 1] == '/') text[--end] = 0;
  u32 start = end;
  while (start && text[start - 1] != '/') start--;
  found->name = text + start;
  /* The directory above is looked up as any: where that leads outside, so would this. Nothing can be done to it by
   * that name. */
  if (text[start] == '.' && (end - start == 1 || (text[start + 1] == '.' && end - start == 2))) {
    long there = tb_files_open(entry->host, text, TB_FILES_PATH | TB_FILES_DIRECTORY);
    if (there < 0) return tb_p1_error(there);
    tb_files_close((int)there);
    return TB_P1_INVAL;
  }
  if (start) text[start - 1] = 0;
  long directory = tb_files_open(entry->host, start ? text : ".", TB_FILES_PATH | TB_FILES_DIRECTORY);
  if (directory < 0) return tb_p1_error(directory);
  found->directory = (int)directory;
  return TB_P1_SUCCESS;
}

static u32 tb_p1_done(const struct tb_p1_name *name, long result) {
  tb_files_close(name->directory);
  return result < 0 ? tb_p1_error(result) : TB_P1_SUCCESS;
}

/* What a path with a slash at its end says of a name that there is: 0, or less than 0 where it is no directory. */
static long tb_p1_slash(const struct tb_p1_name *name) {
  if (!name->slash) return 0;
  long found = tb_files_open(name->directory, name->name, TB_FILES_PATH | TB_FILES_NO_FOLLOW | TB_FILES_DIRECTORY);
  if (found >= 0) tb_files_close((int)found);
  return found < 0 ? found : 0;
}

/* Less than 0 where a new name that is for no directory has a slash at its end. */
static long tb_p1_new(const struct tb_p1_name *name) {
  if (!name->slash) return 0;
  long found = tb_files_open(name->directory, name->name, TB_FILES_PATH | TB_FILES_NO_FOLLOW);
  if (found >= 0) tb_files_close((int)found);
  return found < 0 ? found : -17; /* it is there: EEXIST */
}

u32 tb_p1_path_create_directory(struct tb_context *cx, u32 fd, u32 at, u32 bytes) {
  struct tb_p1_entry *entry;
  struct tb_p1_path path;
  struct tb_p1_name name;
  u32 error = tb_p1_below(cx, fd, TB_P1_PATH_CREATE_DIRECTORY, at, bytes, &entry, &path);
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error == TB_P1_INVAL && path.text[0] ? TB_P1_EXIST : error;
  return tb_p1_done(&name, tb_files_make_directory(name.directory, name.name));
}

static u32 tb_p1_remove(struct tb_context *cx, u32 fd, u64 right, u32 at, u32 bytes, u32 a_directory) {
  struct tb_p1_entry *entry;
  struct tb_p1_path path;
  struct tb_p1_name name;
  u32 error = tb_p1_below(cx, fd, right, at, bytes, &entry, &path);
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error;
  long done = tb_p1_slash(&name);
  return tb_p1_done(&name, done < 0 ? done : tb_files_remove(name.directory, name.name, a_directory));
}

u32 tb_p1_path_remove_directory(struct tb_context *cx, u32 fd, u32 at, u32 bytes) {
  return tb_p1_remove(cx, fd, TB_P1_PATH_REMOVE_DIRECTORY, at, bytes, 1);
}
u32 tb_p1_path_unlink_file(struct tb_context *cx, u32 fd, u32 at, u32 bytes) {
  return tb_p1_remove(cx, fd, TB_P1_PATH_UNLINK_FILE, at, bytes, 0);
}

u32 tb_p1_path_rename(struct tb_context *cx, u32 fd, u32 at, u32 bytes, u32 new_fd, u32 new_at, u32 new_bytes) {
  struct tb_p1_entry *entry, *new_entry;
  struct tb_p1_path path, new_path;
  struct tb_p1_name name, new_name;
  u32 error = tb_p1_below(cx, fd, TB_P1_PATH_RENAME_SOURCE, at, bytes, &entry, &path);
  if (!error) error = tb_p1_below(cx, new_fd, TB_P1_PATH_RENAME_TARGET, new_at, new_bytes, &new_entry, &new_path);
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error;
  error = tb_p1_name(new_entry, &new_path, &new_name);
  if (error) {
    tb_files_close(name.directory);
    return error;
  }
  name.slash |= new_name.slash;
  long done = tb_p1_slash(&name);
  if (!done) done = tb_files_rename(name.directory, name.name, new_name.directory, new_name.name);
  tb_files_close(new_name.directory);
  return tb_p1_done(&name, done);
}

u32 tb_p1_path_link(struct tb_context *cx, u32 fd, u32 flags, u32 at, u32 bytes, u32 new_fd, u32 new_at, u32 new_bytes) {
  struct tb_p1_entry *entry, *new_entry;
  struct tb_p1_path path, new_path;
  struct tb_p1_name name, new_name;
  u32 error = tb_p1_below(cx, fd, TB_P1_PATH_LINK_SOURCE, at, bytes, &entry, &path);
  if (!error) error = tb_p1_below(cx, new_fd, TB_P1_PATH_LINK_TARGET, new_at, new_bytes, &new_entry, &new_path);
  if (!error && flags) error = TB_P1_INVAL; /* the name itself, also where it is a link */
  /* A file that may not be written here must not be there by another name where it may. */
  if (!error && ~entry->inheriting & new_entry->inheriting) error = TB_P1_NOTCAPABLE;
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error;
  error = tb_p1_name(new_entry, &new_path, &new_name);
  if (error) {
    tb_files_close(name.directory);
    return error;
  }
  long done = tb_p1_slash(&name);
  if (!done) done = tb_p1_new(&new_name);
  if (!done) done = tb_files_link(name.directory, name.name, new_name.directory, new_name.name);
  tb_files_close(new_name.directory);
  return tb_p1_done(&name, done);
}

u32 tb_p1_path_symlink(struct tb_context *cx, u32 at, u32 bytes, u32 fd, u32 new_at, u32 new_bytes) {
  struct tb_p1_entry *entry;
  struct tb_p1_path target, path;
  struct tb_p1_name name;
  u32 error = tb_p1_path(cx, at, bytes, &target);
  if (!error) error = tb_p1_below(cx, fd, TB_P1_PATH_SYMLINK, new_at, new_bytes, &entry, &path);
  /* Others may follow it who may go anywhere. */
  if (!error && target.text[0] == '/') error = TB_P1_PERM;
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error;
  long done = tb_p1_new(&name);
  return tb_p1_done(&name, done < 0 ? done : tb_files_symlink(target.text, name.directory, name.name));
}

u32 tb_p1_path_readlink(struct tb_context *cx, u32 fd, u32 at, u32 bytes, u32 to_at, u32 to_bytes, u32 used_at) {
  struct tb_p1_entry *entry;
  struct tb_p1_path path, target;
  struct tb_p1_name name;
  u32 error = tb_p1_below(cx, fd, TB_P1_PATH_READLINK, at, bytes, &entry, &path);
  if (!error && (!tb_p1_at(cx, to_at, to_bytes) || !tb_p1_at(cx, used_at, 4))) error = TB_P1_FAULT;
  if (!error) error = tb_p1_name(entry, &path, &name);
  if (error) return error;
  long got = tb_p1_slash(&name);
  if (!got) got = tb_files_read_link(name.directory, name.name, target.text, sizeof target.text);
  error = tb_p1_done(&name, got);
  if (error) return error;
  if (target.text[0] == '/') return TB_P1_PERM; /* where things are on the host is its own affair */
  u32 used = (u64)got < to_bytes ? (u32)got : to_bytes;
  u8 *to = tb_p1_at(cx, to_at, to_bytes), *result = tb_p1_at(cx, used_at, 4);
  if (!to || !result) return TB_P1_FAULT;
  __builtin_memcpy(to, target.text, used);
  tb_store_u32(result, used);
  return TB_P1_SUCCESS;
}

/* Whether a program may have it open: files and directories. Devices do things when they are opened, pipes wait; and who
 * writes /proc/self/mem writes the host's memory. */
static long tb_p1_admit(int host, u32 *kind) {
  struct tb_files_stat found;
  long done = tb_files_stat(host, &found);
  if (done < 0) return done;
  *kind = tb_p1_kind(found.type);
  if (*kind == TB_P1_SYMBOLIC_LINK) return -40; /* ELOOP */
  if (*kind == TB_P1_REGULAR_FILE && tb_files_is_process(host)) return -13; /* EACCES */
  return *kind == TB_P1_DIRECTORY || *kind == TB_P1_REGULAR_FILE ? 0 : -13;
}

/* What a path names, to look at, or opened otherwise. */
static u32 tb_p1_look(struct tb_context *cx, u32 fd, u64 right, u32 lookup, u32 at, u32 bytes, u32 how, int *host) {
  struct tb_p1_entry *entry;
  struct tb_p1_path path;
  u32 error = tb_p1_below(cx, fd, right, at, bytes, &entry, &path);
  if (error) return error;
  if (lookup & ~(u32)TB_P1_FOLLOW) return TB_P1_INVAL;
  how |= lookup & TB_P1_FOLLOW ? 0 : TB_FILES_NO_FOLLOW;
  long found = tb_files_open(entry->host, path.text, TB_FILES_PATH | (how & TB_FILES_NO_FOLLOW));
  if (found >= 0 && !(how & TB_FILES_PATH)) {
    u32 kind;
    long fits = tb_p1_admit((int)found, &kind);
    tb_files_close((int)found);
    found = fits ? fits : tb_files_open(entry->host, path.text, how);
  }
  *host = (int)found;
  return found < 0 ? tb_p1_error(found) : TB_P1_SUCCESS;
}

static u32 tb_p1_known_by_path(struct tb_context *cx, u32 fd, u32 lookup, u32 at, u32 bytes, u32 to_at, u32 to_bytes) {
  int host;
  u32 error = tb_p1_look(cx, fd, TB_P1_PATH_FILESTAT_GET, lookup, at, bytes, TB_FILES_PATH, &host);
  if (error) return error;
  error = tb_p1_stat(cx, host, to_at, to_bytes);
  tb_files_close(host);
  return error;
}

u32 tb_p1_path_filestat_get(struct tb_context *cx, u32 fd, u32 lookup, u32 at, u32 bytes, u32 to_at) {
  return tb_p1_known_by_path(cx, fd, lookup, at, bytes, to_at, TB_P1_STAT);
}
u32 tb_p0_path_filestat_get(struct tb_context *cx, u32 fd, u32 lookup, u32 at, u32 bytes, u32 to_at) {
  return tb_p1_known_by_path(cx, fd, lookup, at, bytes, to_at, TB_P0_STAT);
}

u32 tb_p1_path_filestat_set_times(struct tb_context *cx, u32 fd, u32 lookup, u32 at, u32 bytes, u64 accessed, u64 modified, u32 flags) {
  int host;
  u32 error = tb_p1_look(cx, fd, TB_P1_PATH_FILESTAT_SET_TIMES, lookup, at, bytes, TB_FILES_TIMES, &host);
  if (error) return error;
  error = tb_p1_set_times(host, accessed, modified, flags);
  tb_files_close(host);
  return error;
}

u32 tb_p1_path_open(struct tb_context *cx, u32 fd, u32 lookup, u32 at, u32 bytes, u32 oflags, u64 base, u64 inheriting, u32 fdflags, u32 fd_at) {
  struct tb_p1_entry *entry, made = {.used = 1};
  struct tb_p1_path path;
  u64 rights = TB_P1_PATH_OPEN | (oflags & TB_P1_CREAT ? TB_P1_PATH_CREATE_FILE : 0) |
               (oflags & TB_P1_TRUNC ? TB_P1_PATH_FILESTAT_SET_SIZE : 0);
  u32 error = tb_p1_below(cx, fd, rights, at, bytes, &entry, &path);
  if (error) return error;
  if (!tb_p1_at(cx, fd_at, 4)) return TB_P1_FAULT;
  if (oflags > TB_P1_OFLAGS || fdflags > TB_P1_FDFLAGS || (lookup & ~(u32)TB_P1_FOLLOW)) return TB_P1_INVAL;
  if ((oflags & TB_P1_O_DIRECTORY) && (oflags & (TB_P1_CREAT | TB_P1_EXCL | TB_P1_TRUNC))) return TB_P1_INVAL;
  /* Programs ask for more rights than they need, and get what there is; not so where they would write. */
  if (base & ~entry->inheriting & TB_P1_CHANGES_FILE & (TB_P1_ANY_FILE)) return TB_P1_NOTCAPABLE;
  base &= entry->inheriting;
  inheriting &= entry->inheriting;
  u32 how = lookup & TB_P1_FOLLOW ? 0 : TB_FILES_NO_FOLLOW;
  if (oflags & TB_P1_O_DIRECTORY) how |= TB_FILES_DIRECTORY;
  /* First without opening it: what it is. */
  u32 kind = TB_P1_REGULAR_FILE;
  long host = tb_files_open(entry->host, path.text, how | TB_FILES_PATH);
  if (host >= 0) {
    long refused = tb_p1_admit((int)host, &kind);
    tb_files_close((int)host);
    /* Whoever makes a file that must be new is told that there is one. */
    if (refused && !((oflags & TB_P1_EXCL) && (oflags & TB_P1_CREAT))) return tb_p1_error(refused);
  } else if (!(oflags & TB_P1_CREAT)) {
    return tb_p1_error(host);
  }
  if (oflags & TB_P1_CREAT) how |= TB_FILES_CREATE;
  if (oflags & TB_P1_EXCL) how |= TB_FILES_EXCLUSIVE;
  if (oflags & TB_P1_TRUNC) how |= TB_FILES_TRUNCATE;
  if (base & (TB_P1_FD_READ | TB_P1_FD_READDIR)) how |= TB_FILES_READ;
  if ((base & TB_P1_CHANGES_FILE) || (oflags & TB_P1_TRUNC)) how |= TB_FILES_WRITE;
  how |= tb_p1_opened(fdflags) | TB_FILES_NONBLOCK; /* it may be a pipe by now: nobody waits for its other end */
  host = tb_files_open(entry->host, path.text, how);
  if (host < 0) return tb_p1_error(host);
  long refused = tb_p1_admit((int)host, &kind);
  if (refused) {
    tb_files_close((int)host);
    return tb_p1_error(refused);
  }
  made.kind = (u8)kind;
  made.host = (int)host;
  made.flags = (u16)fdflags;
  made.base = base & (kind == TB_P1_DIRECTORY ? TB_P1_ANY_DIRECTORY : TB_P1_ANY_FILE);
  made.inheriting = kind == TB_P1_DIRECTORY ? inheriting : 0;
  return tb_p1_add(cx, &made, fd_at);
}
