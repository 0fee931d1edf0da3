/* A guest in a process of its own. Descriptors that it is started with: a socket, by which control goes to the host and
 * back, the memory that it shares with it, a pipe whose other end the host has for as long as it is there, and the
 * directories that it is given, of which its first word tells one by one whether it may change them: r or w. */
#include "tb_guest_here.h"
#include "tb_linux_cpu.h"
#include "tb_platform.h"
#include "tb_walls.h"

enum { TB_WORKER_GATE = 3, TB_WORKER_ARENA = 4, TB_WORKER_LIFELINE = 5, TB_WORKER_DIRECTORY = 6 };
enum { TB_WORKER_STACK = 8 << 20, TB_WORKER_CONSOLE = 3, TB_WORKER_DIRECTORIES = 64, TB_WORKER_CALLS = 64, TB_WORKER_DESCRIPTORS = 1024 };

extern const u32 tb_calls[], tb_calls_end[];

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

long tb_guest_file_read(int descriptor, void *to, u64 bytes) {
  return tb_linux_call3(TB_LINUX_READ, descriptor, (long)to, (long)bytes);
}
long tb_guest_file_write(int descriptor, const void *from, u64 bytes) {
  return tb_linux_call3(TB_LINUX_WRITE, descriptor, (long)from, (long)bytes);
}

/* What came of it lies where texts do, for the host to see before it calls anything. Without directories two system calls
 * are left, with one descriptor; with some what the functions of files take, below them. */
static void tb_worker_walls(struct tb_guest *guest, const char *directories) {
  /* The first three are the console's numbers, behind which there is nothing: no file may get one. */
  static s32 all[TB_WORKER_CONSOLE + 2 + TB_WORKER_DIRECTORIES] = {0, 1, 2, TB_WORKER_GATE, TB_WORKER_LIFELINE};
  static struct tb_walls_place places[TB_WORKER_DIRECTORIES];
  static struct tb_walls_call calls[TB_WORKER_CALLS] = {TB_WALLS_CALL_ON(TB_LINUX_READ, TB_WORKER_GATE),
                                                        TB_WALLS_CALL_ON(TB_LINUX_WRITE, TB_WORKER_GATE)};
  u32 count = 0, changes = 0;
  for (; directories[count]; count++) {
    changes |= directories[count] == 'w';
    if (count == TB_WORKER_DIRECTORIES) tb_worker_end(2);
    s32 descriptor = TB_WORKER_DIRECTORY + (s32)count;
    all[TB_WORKER_CONSOLE + 2 + count] = descriptor;
    places[count] = (struct tb_walls_place){descriptor, directories[count] == 'w' ? TB_WALLS_READS | TB_WALLS_CHANGES : TB_WALLS_READS};
  }
  u32 console = count ? TB_WORKER_CONSOLE : 0;
  for (u32 i = 0; i < console; i++)
    if (tb_linux_early3(TB_LINUX_DUP3, TB_WORKER_DIRECTORY, (long)i, 0) != (long)i) tb_worker_end(2);
  struct tb_walls walls = {.open = all + TB_WORKER_CONSOLE - console,
                           .calls = calls,
                           .places = places,
                           .open_count = console + 2 + count,
                           .calls_count = count ? tb_walls_listed(tb_calls, tb_calls_end, calls, TB_WORKER_CALLS) : 2,
                           .places_count = count,
                           .lifeline = TB_WORKER_LIFELINE,
                           .clockless = 1,
                           .died = guest->mail.died,
                           .found = (struct tb_walls_found *)(void *)guest->mail.text};
  /* Where all are for reading alone, no file's times are set either. */
  for (u32 i = 0; count && !changes && i < walls.calls_count; i++)
    if (calls[i].number == TB_LINUX_UTIMENSAT) calls[i] = calls[--walls.calls_count];
  /* Nothing but processor time, the stack and the addresses that there are already. */
  for (u32 i = 0; i < TB_WALLS_LIMITS; i++) walls.limits[i] = 0;
  walls.limits[TB_WALLS_CPU] = walls.limits[TB_WALLS_AS] = TB_WALLS_AS_IS;
  /* Also where the host's has no end: native code must not have more memory there than its arena. */
  walls.limits[TB_WALLS_STACK] = TB_WORKER_STACK;
  walls.limits[TB_WALLS_DATA] = walls.limits[TB_WALLS_LOCKS] = walls.limits[TB_WALLS_RTTIME] = TB_WALLS_AS_IS;
  walls.limits[TB_WALLS_NOFILE] = count ? TB_WORKER_DESCRIPTORS : TB_WORKER_LIFELINE + 1;
  if (count) walls.limits[TB_WALLS_FSIZE] = TB_WALLS_AS_IS;
  if (tb_walls_up(&walls)) tb_worker_end(6);
}

_Noreturn void tb_entry(const void *start) {
  /* How many words, and where they are. */
  const char *const *words = (const char *const *)start + 1;
  const char *directories = *(const long *)start > 1 ? words[1] : "";
  /* SEEK_END; PROT_READ | PROT_WRITE; MAP_SHARED | MAP_FIXED_NOREPLACE. */
  long bytes = tb_linux_early3(TB_LINUX_LSEEK, TB_WORKER_ARENA, 0, 2);
  if (bytes < (long)sizeof(struct tb_guest)) tb_worker_end(2);
  long at = tb_linux_early6(TB_LINUX_MMAP, TB_GUEST_ADDRESS, bytes, 3, 0x100001, TB_WORKER_ARENA, 0);
  if (at != TB_GUEST_ADDRESS) tb_worker_end(2);
  struct tb_guest *guest = tb_guest_here();
  guest->bytes = (u64)bytes;
  tb_worker_walls(guest, directories);
  tb_guest_serve(guest);
}
