/* Interface `files` where there are none: every function says EPERM. No directory is ever opened, so nobody gets far. */
#include "tb_files.h"
#include "tb_guest.h"

enum { TB_FILES_REFUSED = -1 };

long tb_files_directory(const char *path) {
  (void)path;
  return TB_FILES_REFUSED;
}
long tb_files_open(int directory, const char *path, u32 flags) {
  (void)directory, (void)path, (void)flags;
  return TB_FILES_REFUSED;
}
long tb_files_walk(int directory, const char *path, u32 flags) {
  (void)directory, (void)path, (void)flags;
  return TB_FILES_REFUSED;
}
long tb_files_close(int descriptor) {
  (void)descriptor;
  return TB_FILES_REFUSED;
}
long tb_files_read_at(int descriptor, void *to, u64 bytes, u64 offset) {
  (void)descriptor, (void)to, (void)bytes, (void)offset;
  return TB_FILES_REFUSED;
}
long tb_files_write_at(int descriptor, const void *from, u64 bytes, u64 offset) {
  (void)descriptor, (void)from, (void)bytes, (void)offset;
  return TB_FILES_REFUSED;
}
long tb_files_seek(int descriptor, u64 offset, u32 whence) {
  (void)descriptor, (void)offset, (void)whence;
  return TB_FILES_REFUSED;
}
long tb_files_sync(int descriptor, u32 data_only) {
  (void)descriptor, (void)data_only;
  return TB_FILES_REFUSED;
}
long tb_files_set_size(int descriptor, u64 bytes) {
  (void)descriptor, (void)bytes;
  return TB_FILES_REFUSED;
}
long tb_files_allocate(int descriptor, u64 offset, u64 bytes) {
  (void)descriptor, (void)offset, (void)bytes;
  return TB_FILES_REFUSED;
}
long tb_files_flags(int descriptor, u32 flags) {
  (void)descriptor, (void)flags;
  return TB_FILES_REFUSED;
}
long tb_files_stat(int descriptor, struct tb_files_stat *found) {
  (void)descriptor, (void)found;
  return TB_FILES_REFUSED;
}
long tb_files_times(int descriptor, u64 accessed, u64 modified) {
  (void)descriptor, (void)accessed, (void)modified;
  return TB_FILES_REFUSED;
}
long tb_files_entries(int directory, u64 from, void *to, u64 bytes) {
  (void)directory, (void)from, (void)to, (void)bytes;
  return TB_FILES_REFUSED;
}
long tb_files_make_directory(int directory, const char *name) {
  (void)directory, (void)name;
  return TB_FILES_REFUSED;
}
long tb_files_remove(int directory, const char *name, u32 a_directory) {
  (void)directory, (void)name, (void)a_directory;
  return TB_FILES_REFUSED;
}
long tb_files_rename(int from, const char *name, int to, const char *new_name) {
  (void)from, (void)name, (void)to, (void)new_name;
  return TB_FILES_REFUSED;
}
long tb_files_link(int from, const char *name, int to, const char *new_name) {
  (void)from, (void)name, (void)to, (void)new_name;
  return TB_FILES_REFUSED;
}
long tb_files_symlink(const char *target, int directory, const char *name) {
  (void)target, (void)directory, (void)name;
  return TB_FILES_REFUSED;
}
long tb_files_read_link(int directory, const char *name, char *to, u64 bytes) {
  (void)directory, (void)name, (void)to, (void)bytes;
  return TB_FILES_REFUSED;
}
long tb_guest_file_read(int descriptor, void *to, u64 bytes) {
  (void)descriptor, (void)to, (void)bytes;
  return TB_FILES_REFUSED;
}
long tb_guest_file_write(int descriptor, const void *from, u64 bytes) {
  (void)descriptor, (void)from, (void)bytes;
  return TB_FILES_REFUSED;
}
u32 tb_files_is_process(int descriptor) {
  (void)descriptor;
  return 0;
}
