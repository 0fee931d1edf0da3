/* Interface `walls`: what a process shuts behind itself before it runs what nobody trusts. Nothing of this can be taken
 * back. Linux 5.9 and later; landlock since 5.13. */
#ifndef TB_WALLS_H
#define TB_WALLS_H
#include "tb.h"

/* A system call that stays possible, where all of so many conditions hold: the argument's bits in the mask are the value.
 * Arguments that are an int: a mask of 32 bits, which is all that the kernel looks at. */
struct tb_walls_call {
  u32 number, conditions;
  struct {
    u64 argument, mask, value;
  } when[3];
};
#define TB_WALLS_CALL(number) {(number), 0, {{0, 0, 0}}}
/* With such a descriptor as its first argument. */
#define TB_WALLS_CALL_ON(number, descriptor) {(number), 1, {{0, 0xffffffffu, (descriptor)}}}

/* The numbers that the linker has found, each once, with its rule: how many. `most` of them must do. */
u32 tb_walls_listed(const u32 *listed, const u32 *end, struct tb_walls_call *calls, u32 most);
/* Whether such a call is among them. */
u32 tb_walls_has(const struct tb_walls_call *calls, u32 count, u32 number);

/* What landlock lets happen below a directory: rights are LANDLOCK_ACCESS_FS_ of uapi/linux/landlock.h. */
enum {
  /* READ_FILE, READ_DIR. */
  TB_WALLS_READS = 0xc,
  /* WRITE_FILE, REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SYM, REFER, TRUNCATE: nothing that is executed, no
   * device, socket or pipe. */
  TB_WALLS_CHANGES = 0x71b2,
};
struct tb_walls_place {
  s32 descriptor;
  u64 rights;
};

/* Limits have the numbers of uapi/asm-generic/resource.h. */
enum {
  TB_WALLS_CPU = 0, /* seconds */
  TB_WALLS_FSIZE = 1,
  TB_WALLS_DATA = 2,
  TB_WALLS_STACK = 3,
  TB_WALLS_CORE = 4,
  TB_WALLS_NPROC = 6,
  TB_WALLS_NOFILE = 7,
  TB_WALLS_MEMLOCK = 8,
  TB_WALLS_AS = 9,
  TB_WALLS_LOCKS = 10,
  TB_WALLS_SIGPENDING = 11,
  TB_WALLS_MSGQUEUE = 12,
  TB_WALLS_NICE = 13,
  TB_WALLS_RTPRIO = 14,
  TB_WALLS_RTTIME = 15,
  TB_WALLS_LIMITS = 16
};
#define TB_WALLS_AS_IS (~(u64)0)

/* The steps, in their order; test: calls that must not be possible are tried. */
enum {
  TB_WALLS_STEP_DESCRIPTORS = 1,
  TB_WALLS_STEP_CLOCKS,
  TB_WALLS_STEP_DUMP,
  TB_WALLS_STEP_PRIVILEGES,
  TB_WALLS_STEP_LANDLOCK,
  TB_WALLS_STEP_LIMITS,
  TB_WALLS_STEP_LIFELINE,
  TB_WALLS_STEP_SIGNALS,
  TB_WALLS_STEP_FILTER,
  TB_WALLS_STEP_TEST,
  TB_WALLS_UP
};

/* What came of it. step: TB_WALLS_UP, or the step that failed; error: its number of the system's, in the test the number
 * of the call that got through. landlock: its version, 0 for none. filter: how many instructions seccomp runs at most.
 * limits: bits of those that are set. tried: calls that the test has tried. dumpable: whether a debugger can attach.
 * clocks: TB_WALLS_COUNTER and TB_WALLS_PAGE, where they are shut. `isolation/walls.py` reads it. */
struct tb_walls_found {
  u32 step, error, landlock, filter, limits, tried, dumpable, descriptors, clocks;
};
enum { TB_WALLS_COUNTER = 1, TB_WALLS_PAGE = 2 };

/* open: descriptors that stay, ascending. calls: those that stay possible; exit_group always is. limits: by number, or
 * TB_WALLS_AS_IS. clockless: whether clocks that take no system call are shut. places: directories that stay; landlock_least: the least version that there must be. lifeline: a pipe
 * to read whose other end, as long as it is open, keeps the process alive; -1 for none. dumpable: whether debuggers may
 * attach, and core be dumped as far as the limit goes. ignored: bits of signals (1 << number - 1) that are ignored; all others are
 * what they are at first. signals_stay: whether those that nothing here catches stay as they were found. died: eight words where a handler leaves what ended the process (tb_mail.died). */
struct tb_walls {
  const s32 *open;
  const struct tb_walls_call *calls;
  const struct tb_walls_place *places;
  u32 open_count, calls_count, places_count, landlock_least;
  s32 lifeline;
  u32 dumpable, signals_stay, clockless;
  u64 ignored;
  u64 limits[TB_WALLS_LIMITS];
  volatile u64 *died;
  struct tb_walls_found *found;
};

/* Words of `died`; the signal is written last. A call is there with SIGSYS only, and the address behind it is its pc. */
enum { TB_DIED_SIGNAL = 0, TB_DIED_CODE, TB_DIED_ADDRESS, TB_DIED_PC, TB_DIED_CALL, TB_DIED_WORDS = 8 };

/* Puts the walls up: 0, or the step that failed, and then the process must end: nothing may run behind half of them. */
u32 tb_walls_up(const struct tb_walls *what);

/* Catches what a processor and the filter raise, from now on, unless something catches it already: 0 or more, negative
 * for an error. tb_walls_up does so too; whoever wants to be asked first sets handlers of its own in between. */
long tb_walls_catch(volatile u64 *died);

/* How the process ends when a signal did it: a macro of the plan, or with this status. */
enum { TB_WALLS_STATUS = 134 };
#ifndef TB_WALLS_END
#define TB_WALLS_END(died) ((void)(died))
#endif

#endif
