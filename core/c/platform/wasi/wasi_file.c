/* Files to read and to write: in the folders that whoever runs the module grants. */
#include "tb_wasi.h"

enum { TB_WASI_FIRST = 3, TB_WASI_NAME = 256 };
/* Rights: reading, seeking, telling what it is; writing besides. */
enum { TB_WASI_READS = 1 << 1 | 1 << 2 | 1 << 21, TB_WASI_WRITES = 1 << 6 };

static u32 tb_wasi_length(const char *text) {
  u32 length = 0;
  while (text[length]) length++;
  return length;
}

/* The granted folder in which *path is; it becomes what is behind the folder's name. 0 for none. */
static u32 tb_wasi_folder(const char **path) {
  struct tb_wasi_prestat found;
  char name[TB_WASI_NAME];
  for (u32 folder = TB_WASI_FIRST; !tb_wasi_fd_prestat_get(folder, &found); folder++) {
    u32 size = found.name_size;
    if (size > sizeof name || tb_wasi_fd_prestat_dir_name(folder, name, size)) continue;
    while (size && (!name[size - 1] || name[size - 1] == '/')) size--;
    const char *at = *path;
    u32 same = 0;
    if (!size || (size == 1 && name[0] == '.')) {
      /* The root of all absolute paths, or of all relative ones. */
      if ((name[0] == '/') != (at[0] == '/')) continue;
    } else {
      while (same < size && at[same] == name[same]) same++;
      if (same < size || at[size] != '/') continue;
    }
    for (at += same; *at == '/'; at++) continue;
    *path = at;
    return folder;
  }
  return 0;
}

static long tb_wasi_open(const char *path, u32 how, u64 rights) {
  u32 descriptor, folder = tb_wasi_folder(&path);
  if (!folder) return -2; /* ENOENT */
  u32 error = tb_wasi_path_open(folder, 1, path, tb_wasi_length(path), how, rights, 0, 0, &descriptor);
  return error ? tb_wasi_error(error) : (long)descriptor;
}

long tb_platform_open(const char *path) { return tb_wasi_open(path, 0, TB_WASI_READS); }

/* Creating it, or emptying it. */
long tb_platform_open_write(const char *path) { return tb_wasi_open(path, 1 | 8, TB_WASI_READS | TB_WASI_WRITES); }

long tb_platform_close(int descriptor) { return tb_wasi_error(tb_wasi_fd_close((u32)descriptor)); }

long tb_platform_rename(const char *from, const char *to) {
  u32 folder = tb_wasi_folder(&from), other = tb_wasi_folder(&to);
  if (!folder || !other) return -2;
  return tb_wasi_error(tb_wasi_path_rename(folder, from, tb_wasi_length(from), other, to, tb_wasi_length(to)));
}

long tb_platform_remove(const char *path) {
  u32 folder = tb_wasi_folder(&path);
  return folder ? tb_wasi_error(tb_wasi_path_unlink_file(folder, path, tb_wasi_length(path))) : -2;
}
