/* The thread of a guest: the supervisor's half of it, which nothing but the gates and the handler of signals enters, each
 * time with an empty stack; so it can be abandoned anywhere and begun again. */
#include "tb_keys_linux.h"
#include "tb_keys_record.h"

enum {
  TB_FUTEX_WAIT = 128, /* FUTEX_PRIVATE_FLAG */
  TB_FUTEX_WAKE = 129,
  TB_SET_GS = 0x1001,
  TB_SET_FS = 0x1002,
  TB_NO_NEW_PRIVS = 38,
  TB_SET_TSC = 26, /* PR_SET_TSC, PR_TSC_SIGSEGV */
  TB_TSC_FAULTS = 2,
  TB_FILTER_MODE = 1,
  TB_SETMASK = 2
};

/* Steps of the start, for errors. */
enum { TB_STEP_BASE = 3, TB_STEP_ALTSTACK = 4, TB_STEP_MASK = 5, TB_STEP_PRIVS = 6, TB_STEP_FILTER = 7 };

#define TB_BIT(signal) (1ull << ((signal)-1))

/* -- the filter of system calls -- */

struct tb_filter_step {
  u16 what;
  u8 yes, no;
  u32 with;
};
struct tb_filter {
  u16 count;
  const struct tb_filter_step *steps;
};

enum { TB_LOAD = 0x20, TB_EQUAL = 0x15, TB_GIVE = 0x06, TB_AT_NUMBER = 0, TB_AT_MACHINE = 4, TB_AT_WORDS = 16 };
enum { TB_ALLOW = 0x7fff0000, TB_TRAP = 0x30000 };
#define TB_X86_64 0xc000003eu

/* All that this thread may do: wait for its turn, wake who waits for it, ask which thread it is, and end where it is told the token, which guests
 * cannot read. The rest is SIGSYS. No return from signals: a guest could forge a frame. */
static long tb_keys_filter(struct tb_keys_guest *guest) {
  const u64 turn = (uptr)&guest->turn;
  const struct tb_filter_step steps[] = {
      {TB_LOAD, 0, 0, TB_AT_MACHINE},
      {TB_EQUAL, 0, 14, TB_X86_64},
      {TB_LOAD, 0, 0, TB_AT_NUMBER},
      {TB_EQUAL, 11, 0, TB_NR_GETTID},
      {TB_EQUAL, 0, 7, TB_NR_FUTEX},
      {TB_LOAD, 0, 0, TB_AT_WORDS},
      {TB_EQUAL, 0, 9, (u32)turn},
      {TB_LOAD, 0, 0, TB_AT_WORDS + 4},
      {TB_EQUAL, 0, 7, (u32)(turn >> 32)},
      {TB_LOAD, 0, 0, TB_AT_WORDS + 8},
      {TB_EQUAL, 4, 0, TB_FUTEX_WAIT},
      {TB_EQUAL, 3, 4, TB_FUTEX_WAKE},
      {TB_EQUAL, 0, 3, TB_NR_EXIT},
      {TB_LOAD, 0, 0, TB_AT_WORDS},
      {TB_EQUAL, 0, 1, tb_keys_own(guest)->token},
      {TB_GIVE, 0, 0, TB_ALLOW},
      {TB_GIVE, 0, 0, TB_TRAP},
  };
  const struct tb_filter filter = {sizeof steps / sizeof *steps, steps};
  return tb_linux_call(TB_NR_SECCOMP, TB_FILTER_MODE, 0, (uptr)&filter, 0, 0, 0);
}

/* -- turns -- */

static void tb_keys_wake(struct tb_keys_guest *guest) { tb_linux_call(TB_NR_FUTEX, (uptr)&guest->turn, TB_FUTEX_WAKE, 64, 0, 0, 0); }

static _Noreturn void tb_keys_exit(struct tb_keys_guest *guest) {
  for (;;) tb_linux_call(TB_NR_EXIT, tb_keys_own(guest)->token, 0, 0, 0, 0, 0);
}

static _Noreturn void tb_keys_wait_for_turn(struct tb_keys_guest *guest) {
  u32 turn;
  while ((turn = __atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE)) == TB_KEYS_HOST)
    tb_linux_call(TB_NR_FUTEX, (uptr)&guest->turn, TB_FUTEX_WAIT, turn, 0, 0, 0);
  if (guest->command == TB_KEYS_END) tb_keys_exit(guest);
  tb_keys_enter();
}

static void tb_keys_hand_over(struct tb_keys_guest *guest) {
  __atomic_store_n(&guest->turn, TB_KEYS_HOST, __ATOMIC_RELEASE);
  tb_keys_wake(guest);
}

_Noreturn void tb_keys_left(struct tb_keys_guest *guest) {
  if (guest->reason != TB_KEYS_SWITCHED) guest->reason = TB_KEYS_ENDED;
  tb_keys_hand_over(guest);
  tb_keys_wait_for_turn(guest);
}

_Noreturn void tb_keys_faulted(int signal, const u8 *info, const u64 *context, struct tb_keys_guest *guest) {
  /* The host has stopped a guest that had handed over meanwhile. */
  if (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_HOST && signal == TB_SIGSYS) tb_keys_wait_for_turn(guest);
  const u64 signals = (uptr)guest + TB_KEYS_SIGNALS;
  tb_keys_tell(&guest->fault, signal, info, context, signals, (uptr)guest + TB_KEYS_SIGNALS_END);
  guest->reason = TB_KEYS_DIED;
  tb_keys_hand_over(guest);
  tb_keys_exit(guest);
}

/* -- the start -- */

static void tb_keys_set_up(struct tb_keys_guest *guest) {
  const struct tb_linux_altstack stack = {(uptr)guest + TB_KEYS_SIGNALS, 0, TB_KEYS_SIGNALS_END - TB_KEYS_SIGNALS};
  const u64 blocked = ~(TB_BIT(TB_SIGILL) | TB_BIT(TB_SIGTRAP) | TB_BIT(TB_SIGBUS) | TB_BIT(TB_SIGFPE) | TB_BIT(TB_SIGSEGV) | TB_BIT(TB_SIGSYS));
  guest->step = TB_STEP_BASE;
  guest->failed = tb_linux_call(TB_NR_ARCH_PRCTL, TB_SET_GS, (uptr)guest, 0, 0, 0, 0);
  if (!guest->failed) guest->failed = tb_linux_call(TB_NR_ARCH_PRCTL, TB_SET_FS, 0, 0, 0, 0, 0);
  if (guest->failed) return;
  guest->step = TB_STEP_ALTSTACK;
  if ((guest->failed = tb_linux_call(TB_NR_SIGALTSTACK, (uptr)&stack, 0, 0, 0, 0, 0))) return;
  if (guest->filter) {
    guest->step = TB_STEP_PRIVS;
    if ((guest->failed = tb_linux_call(TB_NR_PRCTL, TB_NO_NEW_PRIVS, 1, 0, 0, 0, 0))) return;
    /* A guest has no clock that it was not granted: RDTSC is a fault in this thread. */
    if ((guest->failed = tb_linux_call(TB_NR_PRCTL, TB_SET_TSC, TB_TSC_FAULTS, 0, 0, 0, 0))) return;
  }
  guest->step = TB_STEP_MASK;
  if ((guest->failed = tb_linux_call(TB_NR_RT_SIGPROCMASK, TB_SETMASK, (uptr)&blocked, 0, 8, 0, 0))) return;
  if (guest->filter) {
    guest->step = TB_STEP_FILTER;
    if ((guest->failed = tb_keys_filter(guest))) return;
  }
  guest->failed = 1;
}

_Noreturn void tb_keys_begin(struct tb_keys_guest *guest) {
  tb_keys_write(0); /* no guest's thread yet: %gs is the host's */
  tb_keys_set_up(guest);
  if (guest->failed != 1) guest->reason = TB_KEYS_DIED;
  tb_keys_hand_over(guest);
  if (guest->reason == TB_KEYS_DIED) tb_keys_exit(guest);
  tb_keys_wait_for_turn(guest);
}
