/* sock_*: no descriptor is a socket. */
#include "tb_p1_fd.h"

static u32 tb_p1_no_socket(struct tb_context *cx, u32 fd) {
  struct tb_p1_entry *entry;
  u32 error = tb_p1_find(cx, fd, 0, &entry);
  return error ? error : TB_P1_NOTSOCK;
}

u32 tb_p1_sock_accept(struct tb_context *cx, u32 fd, u32 flags, u32 fd_at) {
  (void)flags, (void)fd_at;
  return tb_p1_no_socket(cx, fd);
}
u32 tb_p1_sock_recv(struct tb_context *cx, u32 fd, u32 iovs, u32 count, u32 flags, u32 bytes_at, u32 flags_at) {
  (void)iovs, (void)count, (void)flags, (void)bytes_at, (void)flags_at;
  return tb_p1_no_socket(cx, fd);
}
u32 tb_p1_sock_send(struct tb_context *cx, u32 fd, u32 iovs, u32 count, u32 flags, u32 bytes_at) {
  (void)iovs, (void)count, (void)flags, (void)bytes_at;
  return tb_p1_no_socket(cx, fd);
}
u32 tb_p1_sock_shutdown(struct tb_context *cx, u32 fd, u32 how) {
  (void)how;
  return tb_p1_no_socket(cx, fd);
}
