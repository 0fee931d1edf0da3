/* Guests as the host has them: slots, turns, the end. */
#include "tb_keys_linux.h"
#include "tb_keys_record.h"

enum { TB_READ_WRITE = 3, TB_NOTHING = 0, TB_FUTEX_WAIT = 128, TB_FUTEX_WAIT_SHARED = 0, TB_FUTEX_WAKE = 129 };
/* CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, PARENT_SETTID, CHILD_CLEARTID. */
enum { TB_CLONE = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x100000 | 0x200000 };
enum { TB_STEP_SLOTS = 1, TB_STEP_THREAD = 2, TB_STEP_SIGNALS = 8, TB_SETMASK = 2, TB_MXCSR = 0x1f80 };

u64 tb_keys_slots, tb_keys_slots_bytes;

/* Which slots are taken; a thread that makes the first guest reserves them for all. */
static u8 tb_keys_taken[TB_KEYS_GUESTS];
static u32 tb_keys_reserving;

static long tb_keys_reserve(void) {
  long found = 0;
  while (__atomic_exchange_n(&tb_keys_reserving, 1, __ATOMIC_ACQUIRE)) __builtin_ia32_pause();
  if (!tb_keys_slots_bytes) {
    found = tb_keys_map((u64)TB_KEYS_GUESTS * TB_KEYS_SLOT);
    if (found > 0) {
      tb_keys_slots = (u64)found;
      __atomic_store_n(&tb_keys_slots_bytes, (u64)TB_KEYS_GUESTS * TB_KEYS_SLOT, __ATOMIC_RELEASE);
    }
  }
  __atomic_store_n(&tb_keys_reserving, 0, __ATOMIC_RELEASE);
  return found < 0 ? found : 0;
}

static struct tb_keys_guest *tb_keys_slot(void) {
  for (u32 i = 0; i < TB_KEYS_GUESTS; i++)
    if (!__atomic_exchange_n(tb_keys_taken + i, 1, __ATOMIC_ACQUIRE)) return (struct tb_keys_guest *)(tb_keys_slots + (u64)i * TB_KEYS_SLOT);
  return 0;
}

static void tb_keys_free(struct tb_keys_guest *guest) {
  const u64 slot = (uptr)guest;
  tb_keys_discard(slot, TB_KEYS_SLOT);
  tb_keys_tag(slot, TB_KEYS_SLOT, TB_NOTHING, 0);
  __atomic_store_n(tb_keys_taken + (slot - tb_keys_slots) / TB_KEYS_SLOT, 0, __ATOMIC_RELEASE);
}

static long tb_keys_hand(struct tb_keys_guest *guest) {
  guest->turns++;
  __atomic_store_n(&guest->turn, TB_KEYS_GUEST, __ATOMIC_RELEASE);
  return tb_linux_call(TB_NR_FUTEX, (uptr)&guest->turn, TB_FUTEX_WAKE, 64, 0, 0, 0);
}

long tb_keys_wait(struct tb_keys_guest *guest, int64_t nanoseconds) {
  tb_keys_allow();
  const struct tb_linux_time time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  while (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_GUEST) {
    const long done = tb_linux_call(TB_NR_FUTEX, (uptr)&guest->turn, TB_FUTEX_WAIT, TB_KEYS_GUEST, nanoseconds < 0 ? 0 : (uptr)&time, 0, 0);
    if (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) != TB_KEYS_GUEST) break;
    if (done == -TB_EINTR) return TB_KEYS_SIGNAL;
    if (done == -TB_ETIMEDOUT) return TB_KEYS_LATE;
    if (done && done != -TB_EAGAIN) return done;
  }
  return guest->reason;
}

/* Until the system has cleared it: the thread is gone, with its stack. */
static void tb_keys_join(struct tb_keys_guest *guest) {
  u32 thread;
  while ((thread = __atomic_load_n(&guest->thread, __ATOMIC_ACQUIRE)))
    tb_linux_call(TB_NR_FUTEX, (uptr)&guest->thread, TB_FUTEX_WAIT_SHARED, thread, 0, 0, 0);
}

/* What its entry function finds, from the end of its stack down: where its stack pointer is kept while a plug-in runs,
 * where to return to, and what tb_keys_enter and tb_keys_first take from there. */
static void tb_keys_fill(struct tb_keys_guest *guest, const struct tb_keys_start *start) {
  u64 *top = (u64 *)(uptr)start->stack;
  top[-1] = 0;
  top[-2] = 0;
  top[-3] = (uptr)tb_keys_finish;
  top[-4] = start->entry;
  top[-5] = start->bytes;
  top[-6] = start->arena;
  top[-7] = (uptr)tb_keys_first;
  for (u32 i = 8; i < 14; i++) top[-(s64)i] = 0;
  *guest = (struct tb_keys_guest){
      .self = (uptr)guest,
      .leave = (uptr)tb_keys_leave,
      .plugin = (uptr)tb_keys_call_plugin,
      .arena = start->arena,
      .own_stack = (uptr)guest + TB_KEYS_OWN_END,
      .stack = (uptr)(top - 13),
      .plugin_stack = (uptr)guest + TB_KEYS_SIGNALS,
      .plugin_from = (uptr)(top - 1),
      .rights = start->rights,
      .plugin_rights = start->plugin_rights,
      .mxcsr = TB_MXCSR,
      .filter = start->filter,
      .turn = TB_KEYS_GUEST,
  };
}

long tb_keys_open(struct tb_keys_start *start, struct tb_keys_guest **made) {
  *made = 0;
  tb_keys_allow();
  start->step = TB_STEP_SLOTS;
  if (start->stack & 15) return -TB_EINVAL;
  long failed = tb_keys_reserve();
  if (failed) return failed;
  struct tb_keys_guest *guest = tb_keys_slot();
  if (!guest) return -TB_ENOMEM;
  const u64 slot = (uptr)guest;
  failed = tb_keys_tag(slot, TB_KEYS_PAGE, TB_READ_WRITE, start->core);
  if (!failed) failed = tb_keys_tag(slot + TB_KEYS_OWN, TB_KEYS_OWN_END - TB_KEYS_OWN, TB_READ_WRITE, 0);
  if (!failed) failed = tb_keys_tag(slot + TB_KEYS_PLUGIN, TB_KEYS_SIGNALS_END - TB_KEYS_PLUGIN, TB_READ_WRITE, start->linear);
  if (!failed) {
    tb_keys_fill(guest, start);
    start->step = TB_STEP_SIGNALS;
    failed = tb_keys_catch();
  }
  if (!failed) {
    start->step = TB_STEP_THREAD;
    const long random = tb_linux_call(TB_NR_GETRANDOM, (uptr)&tb_keys_own(guest)->token, 4, 0, 0, 0, 0);
    if (random != 4) failed = random < 0 ? random : -TB_EAGAIN;
  }
  if (!failed) {
    /* It starts with every signal blocked: none finds it half made. */
    const u64 all = ~0ull;
    u64 before = 0;
    failed = tb_linux_call(TB_NR_RT_SIGPROCMASK, TB_SETMASK, (uptr)&all, (uptr)&before, 8, 0, 0);
    if (!failed) {
      failed = tb_keys_clone(TB_CLONE, (u8 *)guest + TB_KEYS_OWN_END, &guest->thread, &guest->thread, guest);
      tb_linux_call(TB_NR_RT_SIGPROCMASK, TB_SETMASK, (uptr)&before, 0, 8, 0, 0);
    }
  }
  if (failed < 0) {
    tb_keys_free(guest);
    return failed;
  }
  while (tb_keys_wait(guest, -1) == TB_KEYS_SIGNAL) {}
  if (guest->failed != 1) {
    failed = (long)guest->failed;
    start->step = guest->step;
    tb_keys_join(guest);
    tb_keys_free(guest);
    return failed;
  }
  *made = guest;
  return 0;
}

long tb_keys_run(struct tb_keys_guest *guest, int64_t nanoseconds) {
  tb_keys_allow();
  if (guest->reason == TB_KEYS_DIED || guest->reason == TB_KEYS_ENDED) return guest->reason;
  if (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_GUEST) return -TB_EBUSY;
  const long failed = tb_keys_catch();
  if (failed) return failed;
  tb_keys_hand(guest);
  return tb_keys_wait(guest, nanoseconds);
}

long tb_keys_stop(struct tb_keys_guest *guest) {
  tb_keys_allow();
  const u32 thread = __atomic_load_n(&guest->thread, __ATOMIC_ACQUIRE);
  if (!thread || __atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_HOST) return 0;
  return tb_linux_call(TB_NR_TGKILL, (u64)tb_linux_call(TB_NR_GETPID, 0, 0, 0, 0, 0, 0), thread, TB_SIGSYS, 0, 0, 0);
}

void tb_keys_why(struct tb_keys_guest *guest, struct tb_keys_fault *fault) {
  tb_keys_allow();
  *fault = guest->fault;
}

long tb_keys_rekey(struct tb_keys_guest *guest, uint32_t linear, uint32_t rights, uint32_t plugin_rights) {
  tb_keys_allow();
  if (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_GUEST) return -TB_EBUSY;
  const long failed = tb_keys_tag((uptr)guest + TB_KEYS_PLUGIN, TB_KEYS_SIGNALS_END - TB_KEYS_PLUGIN, TB_READ_WRITE, linear);
  if (failed) return failed;
  guest->rights = rights;
  guest->plugin_rights = plugin_rights;
  return 0;
}

uint32_t tb_keys_thread(struct tb_keys_guest *guest) {
  tb_keys_allow();
  return __atomic_load_n(&guest->thread, __ATOMIC_ACQUIRE);
}

uint64_t tb_keys_turns(struct tb_keys_guest *guest) {
  tb_keys_allow();
  return guest->turns;
}

long tb_keys_close(struct tb_keys_guest *guest) {
  tb_keys_allow();
  if (__atomic_load_n(&guest->turn, __ATOMIC_ACQUIRE) == TB_KEYS_GUEST) return -TB_EBUSY;
  guest->command = TB_KEYS_END;
  tb_keys_hand(guest);
  tb_keys_join(guest);
  tb_keys_free(guest);
  return 0;
}

void tb_keys_forget(struct tb_keys_guest *guest) { tb_keys_free(guest); }
