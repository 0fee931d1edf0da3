/* A guest in a process of its own. Descriptors that it is started with: a socket, by which control goes to the host and
 * back, the memory that it shares with it, and a pipe whose other end the host has for as long as it is there. */
#include "tb_guest_here.h"
#include "tb_linux_cpu.h"
#include "tb_platform.h"
#include "tb_walls.h"

enum { TB_WORKER_GATE = 3, TB_WORKER_ARENA = 4, TB_WORKER_LIFELINE = 5 };

__asm__(".globl _start\n"
        ".section .text._start,\"ax\",%progbits\n"
        "_start:\n" TB_LINUX_START ".text\n");

_Noreturn static void tb_worker_end(int status) {
  tb_linux_call3(TB_LINUX_EXIT_GROUP, status, 0, 0);
  __builtin_unreachable();
}

void tb_guest_switch(struct tb_guest *guest) {
  u8 byte = 0;
  (void)guest;
  /* MSG_NOSIGNAL is not needed: SIGPIPE ends a worker as well. The host has gone, or lets it go. */
  if (tb_linux_call3(TB_LINUX_WRITE, TB_WORKER_GATE, (long)&byte, 1) != 1) tb_worker_end(0);
  if (tb_linux_call3(TB_LINUX_READ, TB_WORKER_GATE, (long)&byte, 1) != 1) tb_worker_end(0);
}

/* What came of it lies where texts do, for the host to see before it calls anything. */
static void tb_worker_walls(struct tb_guest *guest) {
  static const s32 open[] = {TB_WORKER_GATE, TB_WORKER_LIFELINE};
  static const struct tb_walls_call calls[] = {TB_WALLS_CALL_ON(TB_LINUX_READ, TB_WORKER_GATE),
                                               TB_WALLS_CALL_ON(TB_LINUX_WRITE, TB_WORKER_GATE)};
  struct tb_walls walls = {.open = open,
                           .calls = calls,
                           .open_count = sizeof open / sizeof *open,
                           .calls_count = sizeof calls / sizeof *calls,
                           .lifeline = TB_WORKER_LIFELINE,
                           .died = guest->mail.died,
                           .found = (struct tb_walls_found *)(void *)guest->mail.text};
  /* Nothing but processor time, the stack and the addresses that there are already. */
  for (u32 i = 0; i < TB_WALLS_LIMITS; i++) walls.limits[i] = 0;
  walls.limits[TB_WALLS_CPU] = walls.limits[TB_WALLS_STACK] = walls.limits[TB_WALLS_AS] = TB_WALLS_AS_IS;
  walls.limits[TB_WALLS_DATA] = walls.limits[TB_WALLS_LOCKS] = walls.limits[TB_WALLS_RTTIME] = TB_WALLS_AS_IS;
  walls.limits[TB_WALLS_NOFILE] = TB_WORKER_LIFELINE + 1;
  if (tb_walls_up(&walls)) tb_worker_end(6);
}

_Noreturn void tb_entry(const void *start) {
  (void)start;
  /* SEEK_END; PROT_READ | PROT_WRITE; MAP_SHARED | MAP_FIXED_NOREPLACE. */
  long bytes = tb_linux_call3(TB_LINUX_LSEEK, TB_WORKER_ARENA, 0, 2);
  if (bytes < (long)sizeof(struct tb_guest)) tb_worker_end(2);
  long at = tb_linux_call6(TB_LINUX_MMAP, TB_GUEST_ADDRESS, bytes, 3, 0x100001, TB_WORKER_ARENA, 0);
  if (at != TB_GUEST_ADDRESS) tb_worker_end(2);
  struct tb_guest *guest = tb_guest_here();
  guest->bytes = (u64)bytes;
  tb_worker_walls(guest);
  tb_guest_serve(guest);
}
