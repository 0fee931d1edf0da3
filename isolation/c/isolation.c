/* A program whose process shuts itself in before it runs: behind all that reads, maps and opens, in front of the first
 * instruction. What stays is what the executable can do by itself (tb_linux_listed.h). */
#include "tb_linux_cpu.h"
#include "tb_platform.h"
#include "tb_walls.h"

extern const u32 tb_calls[], tb_calls_end[];

enum { TB_ISOLATION_STATUS = 6, TB_ISOLATION_CALLS = 64, TB_ISOLATION_OPEN = 3, TB_PLACES_MOST = 64 };

/* Nothing that the handler needs is on a stack. */
static volatile u64 tb_isolation_died[TB_DIED_WORDS];
static struct tb_walls_found tb_isolation_found;
static struct tb_walls_place tb_isolation_places[TB_PLACES_MOST];
static s32 tb_isolation_open[TB_ISOLATION_OPEN + TB_PLACES_MOST];
static u32 tb_isolation_count;

static void tb_isolation_say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_platform_write(2, text, length);
}

static void tb_isolation_number(u64 number, u32 base) {
  char digits[20];
  u32 at = sizeof digits;
  do digits[--at] = "0123456789abcdef"[number % base];
  while (number /= base);
  tb_platform_write(2, digits + at, sizeof digits - at);
}

static void tb_isolation_call(u64 number) {
  /* Names by their numbers, each with a zero behind it; an empty one behind the last (generated). */
  extern const char tb_isolation_names[];
  const char *name = tb_isolation_names;
  for (u64 i = 0; *name && i < number; i++)
    while (*name++) {}
  if (*name > '-') {
    tb_isolation_say(name);
    return;
  }
  tb_isolation_say("number ");
  tb_isolation_number(number, 10);
}

void tb_isolation_end(volatile u64 *died) {
  tb_isolation_say("tblvm: ");
  if (died[TB_DIED_CALL] != TB_WALLS_AS_IS) {
    tb_isolation_say("system call ");
    tb_isolation_call(died[TB_DIED_CALL]);
    tb_isolation_say(" is blocked");
  } else {
    tb_isolation_say("signal ");
    tb_isolation_number(died[TB_DIED_SIGNAL], 10);
    tb_isolation_say(" at address 0x");
    tb_isolation_number(died[TB_DIED_ADDRESS], 16);
  }
  tb_isolation_say(", pc 0x");
  tb_isolation_number(died[TB_DIED_PC], 16);
  tb_isolation_say("\n");
}

_Noreturn static void tb_isolation_refuse(u32 step) {
  static const char steps[][12] = {"", "descriptors", "clocks", "dump", "privileges", "landlock", "limits", "lifeline", "signals", "filter", "test"};
  tb_isolation_say("tblvm: this system cannot isolate the program (");
  tb_isolation_say(steps[step]);
  if (step == TB_WALLS_STEP_TEST) {
    tb_isolation_say(": system call ");
    tb_isolation_call(tb_isolation_found.error);
    tb_isolation_say(" was not stopped)\n");
  } else {
    tb_isolation_say(": system error ");
    tb_isolation_number(tb_isolation_found.error, 10);
    tb_isolation_say("): it takes Linux 5.13 with seccomp and landlock; or build it without feature isolation\n");
  }
  tb_platform_exit(TB_ISOLATION_STATUS);
}

void tb_isolation_on_faults(const s32 *table) {
  /* What is no access of the program's goes to the handler that was there before. */
  tb_walls_catch(tb_isolation_died);
  tb_platform_share_faults(table);
}

void tb_isolation_place(int descriptor, u32 changes) {
  if (tb_isolation_count == TB_PLACES_MOST || descriptor < TB_ISOLATION_OPEN) tb_isolation_refuse(TB_WALLS_STEP_LANDLOCK);
  u32 at = TB_ISOLATION_OPEN + tb_isolation_count;
  for (; tb_isolation_open[at - 1] > descriptor; at--) tb_isolation_open[at] = tb_isolation_open[at - 1];
  tb_isolation_open[at] = descriptor;
  tb_isolation_places[tb_isolation_count++] = (struct tb_walls_place){descriptor, changes ? TB_WALLS_READS | TB_WALLS_CHANGES : TB_WALLS_READS};
}

void tb_isolation_up(struct tb_context *cx) {
  static struct tb_walls_call calls[TB_ISOLATION_CALLS];
  struct tb_walls what = {.open = tb_isolation_open,
                          .calls = calls,
                          .places = tb_isolation_places,
                          .lifeline = -1,
                          .dumpable = TB_ISOLATION_DUMP,
                          .signals_stay = 1,
                          .died = tb_isolation_died,
                          .found = &tb_isolation_found};
  for (s32 i = 0; i < TB_ISOLATION_OPEN; i++) tb_isolation_open[i] = i;
  tb_places(cx);
  what.places_count = tb_isolation_count;
  what.open_count = TB_ISOLATION_OPEN + tb_isolation_count;
  what.calls_count = tb_walls_listed(tb_calls, tb_calls_end, calls, TB_ISOLATION_CALLS);
  for (u32 i = 0; i < TB_WALLS_LIMITS; i++) what.limits[i] = TB_WALLS_AS_IS;
  what.limits[TB_WALLS_NPROC] = what.limits[TB_WALLS_MEMLOCK] = what.limits[TB_WALLS_MSGQUEUE] = 0;
  if (!TB_ISOLATION_DUMP) what.limits[TB_WALLS_CORE] = 0;
  if (TB_ISOLATION_MEMORY) what.limits[TB_WALLS_AS] = TB_ISOLATION_MEMORY;
  if (TB_ISOLATION_CPU) what.limits[TB_WALLS_CPU] = (TB_ISOLATION_CPU + 999) / 1000;
  /* Who opens nothing needs no descriptor beyond those that it has. */
  if (!tb_walls_has(calls, what.calls_count, TB_LINUX_OPENAT)) what.limits[TB_WALLS_NOFILE] = TB_ISOLATION_OPEN;
  u32 failed = tb_walls_up(&what);
  if (failed) tb_isolation_refuse(failed);
}
