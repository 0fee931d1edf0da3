/* The platform of a fuzzed runtime: everything is in memory, and the same each time. The linker puts these functions
 * in the place of those of platform.hosted (--wrap). */
#include "tb_fuzz.h"
#include "tb_platform.h"

#include <stdlib.h>
#include <string.h>

enum { TB_FUZZ_MAPS = 64, TB_FUZZ_FILE = 3 };
static void *tb_fuzz_maps[TB_FUZZ_MAPS];
static u32 tb_fuzz_map_count;
static volatile u32 *tb_fuzz_flag;

long __wrap_tb_platform_write(int descriptor, const void *from, u64 bytes);
long __wrap_tb_platform_read(int descriptor, void *to, u64 bytes);
long __wrap_tb_platform_open(const char *path);
long __wrap_tb_platform_open_write(const char *path);
long __wrap_tb_platform_close(int descriptor);
long __wrap_tb_platform_rename(const char *from, const char *to);
long __wrap_tb_platform_remove(const char *path);
_Noreturn void __wrap_tb_platform_exit(int status);
void *__wrap_tb_platform_map(void *address, u64 bytes);
void __wrap_tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag);
u64 __wrap_tb_platform_clock(u32 which);
int __wrap_tb_platform_wait(u64 nanoseconds, int descriptor);
u64 __wrap_tb_platform_memory(void);
u32 __wrap_tb_platform_cores(void);

/* The number of a call that may be in vain; 0 where none is. */
static u32 tb_fuzz_turn(void) {
  enum { FAULTS = TB_FUZZ_SHORT | TB_FUZZ_WHOLE };
  return (tb_fuzz_now.how & FAULTS) == FAULTS ? ++tb_fuzz_now.calls : 0;
}

/* Why it is in vain: an error, or EINTR where it *waits*; 0: it is not. */
static long tb_fuzz_fault(u32 turn, u32 waits) {
  enum { SOMETIMES = 3, SELDOM = 61 };
  return !turn ? 0 : turn % SELDOM == 0 ? -5 : waits && turn % SOMETIMES == 0 ? -4 : 0;
}

/* Every byte is looked at, so that a sanitizer sees what is written. (FNV-1a) */
long __wrap_tb_platform_write(int descriptor, const void *from, u64 bytes) {
  enum { NOTHING = 37 };
  u32 turn = tb_fuzz_turn();
  long fault = tb_fuzz_fault(turn, descriptor <= 2);
  if (fault || (turn && turn % NOTHING == 0)) return fault;
  if ((tb_fuzz_now.how & TB_FUZZ_SHORT) && bytes > 1) bytes /= 2;
  tb_fuzz_now.output = (tb_fuzz_now.output ^ (u32)descriptor) * 0x100000001b3;
  for (u64 i = 0; i < bytes; i++) tb_fuzz_now.output = (tb_fuzz_now.output ^ ((const u8 *)from)[i]) * 0x100000001b3;
  return (long)bytes;
}

/* Standard input begins with the module where it is read from there; then it goes on behind an end. The turns begin
 * with the program; a module of some sizes cannot be read. */
long __wrap_tb_platform_read(int descriptor, void *to, u64 bytes) {
  enum { UNREADABLE = 32 };
  u32 is_file = descriptor == TB_FUZZ_FILE || tb_fuzz_now.standard, turn = tb_fuzz_turn();
  long fault = is_file && turn == 1 && tb_fuzz_now.size % UNREADABLE == 0 ? -5 : tb_fuzz_fault(turn, 1);
  if (fault) return fault;
  u64 left = is_file ? tb_fuzz_now.size - tb_fuzz_now.at : tb_fuzz_now.input_bytes - tb_fuzz_now.input_at;
  const u8 *from = is_file ? tb_fuzz_now.file + tb_fuzz_now.at : tb_fuzz_now.input + tb_fuzz_now.input_at;
  if (!left) tb_fuzz_now.standard = 0;
  if (!left && is_file) tb_fuzz_now.calls = 0;
  if (bytes > left) bytes = left;
  if ((tb_fuzz_now.how & TB_FUZZ_SHORT) && bytes > 1) bytes /= 2;
  if (bytes) memcpy(to, from, bytes);
  if (is_file)
    tb_fuzz_now.at += bytes;
  else
    tb_fuzz_now.input_at += (u32)bytes;
  return (long)bytes;
}

long __wrap_tb_platform_open(const char *path) { return path[0] == '-' ? -2 : TB_FUZZ_FILE; }
long __wrap_tb_platform_open_write(const char *path) {
  long fault = tb_fuzz_fault(tb_fuzz_turn(), 0);
  return path[0] && !fault ? TB_FUZZ_FILE + 1 : fault;
}
long __wrap_tb_platform_close(int descriptor) { return descriptor > 2 ? tb_fuzz_fault(tb_fuzz_turn(), 0) : -9; }
long __wrap_tb_platform_rename(const char *from, const char *to) {
  return from[0] && to[0] ? tb_fuzz_fault(tb_fuzz_turn(), 0) : -2;
}
long __wrap_tb_platform_remove(const char *path) { return path[0] ? 0 : -2; }
_Noreturn void __wrap_tb_platform_exit(int status) { tb_fuzz_end(status); }

/* Each a block of its own, so that a sanitizer sees what leaves it. */
void *__wrap_tb_platform_map(void *address, u64 bytes) {
  void *at = 0;
  if (address || tb_fuzz_map_count == TB_FUZZ_MAPS || bytes > 1 << 24) tb_fuzz_end(134);
  if (posix_memalign(&at, 64, bytes ? bytes : 1)) abort();
  tb_fuzz_maps[tb_fuzz_map_count++] = at;
  return memset(at, 0, bytes);
}

void tb_fuzz_free(void) {
  while (tb_fuzz_map_count) free(tb_fuzz_maps[--tb_fuzz_map_count]);
  tb_fuzz_flag = 0;
}

void __wrap_tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  (void)milliseconds;
  tb_fuzz_flag = flag;
}

u64 __wrap_tb_platform_clock(u32 which) { return (tb_fuzz_now.clock += 1000003) + (which == TB_CLOCK_REAL ? 1700000000000000000 : 0); }

/* Time passes by itself; after an hour somebody interrupts. Input is there at once, unless it comes in parts and there
 * is a time to wait for: then it is late every other time. */
int __wrap_tb_platform_wait(u64 nanoseconds, int descriptor) {
  enum { HOUR = 3600 };
  long fault = tb_fuzz_fault(tb_fuzz_turn(), 1);
  if (fault) return (int)fault;
  u32 is_late = nanoseconds != ~0ull && (tb_fuzz_now.how & TB_FUZZ_SHORT) && ++tb_fuzz_now.waits % 2;
  if (descriptor == 0 && !is_late) return 1;
  tb_fuzz_now.clock += nanoseconds;
  if (tb_fuzz_now.clock < HOUR * 1000000000ull || !tb_fuzz_flag) return 0;
  *tb_fuzz_flag = 1;
  return -4;
}

/* More than the numbers of programs can say, at times. */
u64 __wrap_tb_platform_memory(void) { return (tb_fuzz_now.how & TB_FUZZ_SHORT) ? 1ull << 45 : 1 << 30; }
u32 __wrap_tb_platform_cores(void) { return 2; }
