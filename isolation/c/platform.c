/* Platform layer of a guest: memory out of its arena, everything else from its host. */
#include "tb_guest.h"
#include "tb_guest_here.h"
#include "tb_platform.h"
#include "tb_random.h"

enum { TB_GUEST_PAGE = 4096 };

/* What is given out last can be given back; it is zeroed when it is given out again, not before. */
void *tb_platform_try_map(void *address, u64 bytes) {
  struct tb_guest *guest = tb_guest_here();
  u64 whole = (bytes + TB_GUEST_PAGE - 1) & ~(u64)(TB_GUEST_PAGE - 1);
  if (!guest->used) guest->used = guest->touched = (sizeof *guest + TB_GUEST_PAGE - 1) & ~(u64)(TB_GUEST_PAGE - 1);
  if (address || whole < bytes || whole > guest->bytes - guest->used) return 0;
  u8 *at = (u8 *)guest + guest->used;
  u64 end = guest->used + whole, old = end < guest->touched ? end : guest->touched;
  if (guest->used < old) __builtin_memset(at, 0, old - guest->used);
  guest->used = end;
  if (guest->touched < end) guest->touched = end;
  return at;
}

void *tb_platform_map(void *address, u64 bytes) {
  static const char message[] = "the arena is full";
  void *at = tb_platform_try_map(address, bytes);
  if (!at) tb_platform_fail(message, sizeof message - 1);
  return at;
}

void tb_platform_unmap(void *address, u64 bytes) {
  struct tb_guest *guest = tb_guest_here();
  u64 at = (u64)((uptr)address - (uptr)guest), whole = (bytes + TB_GUEST_PAGE - 1) & ~(u64)(TB_GUEST_PAGE - 1);
  if (at + whole == guest->used) guest->used = at;
}

/* The standard streams are the host's. */
long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  if (descriptor > 2) return tb_guest_file_write(descriptor, from, bytes);
  return (long)tb_guest_ask(tb_guest_here(), descriptor == 2 ? TB_ASK_ERROR : TB_ASK_WRITE, (uptr)from, bytes);
}
long tb_platform_read(int descriptor, void *to, u64 bytes) {
  if (descriptor > 2) return tb_guest_file_read(descriptor, to, bytes);
  return (long)tb_guest_ask(tb_guest_here(), TB_ASK_READ, (uptr)to, bytes);
}

int tb_platform_wait(u64 nanoseconds, int descriptor) {
  return (int)tb_guest_ask(tb_guest_here(), TB_ASK_WAIT, nanoseconds, descriptor >= 0);
}
u64 tb_platform_clock(u32 which) { return tb_guest_ask(tb_guest_here(), TB_ASK_CLOCK, which, 0); }
long tb_platform_random(void *to, u64 bytes) { return (long)tb_guest_ask(tb_guest_here(), TB_ASK_RANDOM, (uptr)to, bytes); }

_Noreturn void tb_platform_fail(const char *message, u64 bytes) {
  /* The host reads the arena only. */
  struct tb_guest *guest = tb_guest_here();
  if (bytes > sizeof guest->mail.text) bytes = sizeof guest->mail.text;
  __builtin_memcpy(guest->mail.text, message, bytes);
  for (;;) tb_guest_ask(guest, TB_ASK_FAIL, (uptr)guest->mail.text, bytes);
}
_Noreturn void tb_platform_exit(int status) {
  (void)status;
  tb_platform_fail("", 0);
}

/* There are no files: EPERM. */
long tb_platform_open(const char *path) {
  (void)path;
  return -1;
}
long tb_platform_open_write(const char *path) {
  (void)path;
  return -1;
}
long tb_platform_close(int descriptor) {
  (void)descriptor;
  return -1;
}
long tb_platform_rename(const char *from, const char *to) {
  (void)from, (void)to;
  return -1;
}
long tb_platform_remove(const char *path) {
  (void)path;
  return -1;
}

/* A machine of which nothing is said. */
u64 tb_platform_memory(void) { return 0; }
u32 tb_platform_cores(void) { return 1; }
u64 tb_platform_native_stack(void) { return 0; }
