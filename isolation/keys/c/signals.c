/* Handlers of the signals that faults are. What is no guest's goes on to whom it would have gone without the supervisor,
 * with PKRU as the system has set it.
 *
 * A handler that comes later (of faulthandler, of another runtime) would run on a guest's stack of signals, which it cannot
 * touch: so tb_keys_catch puts itself in front of it again, and calls it as the first of two. It may call in turn whom it
 * has found there, which is us: that is told by its frame lying below ours on the same thread, and goes to the second. */
#include "tb_keys_linux.h"
#include "tb_keys_record.h"

enum { TB_CAUGHT = 6, TB_BUSY_THREADS = 64, TB_NESTED_BYTES = 65536 };
static const u8 tb_keys_signals[TB_CAUGHT] = {TB_SIGILL, TB_SIGTRAP, TB_SIGBUS, TB_SIGFPE, TB_SIGSEGV, TB_SIGSYS};

/* first: who was there when the supervisor came; later: who came since, where there is one. */
static struct tb_keys_before {
  struct tb_linux_action first, later;
  u32 there, is_later;
} tb_keys_before[TB_CAUGHT];

static u32 tb_keys_catching;

static long tb_keys_action(int signal, const struct tb_linux_action *now, struct tb_linux_action *before) {
  return tb_linux_call(TB_NR_RT_SIGACTION, (u64)signal, (uptr)now, (uptr)before, 8, 0, 0);
}

long tb_keys_catch(void) {
  long failed = 0;
  while (__atomic_exchange_n(&tb_keys_catching, 1, __ATOMIC_ACQUIRE)) __builtin_ia32_pause();
  for (u32 i = 0; i < TB_CAUGHT && !failed; i++) {
    struct tb_linux_action there;
    failed = tb_keys_action(tb_keys_signals[i], 0, &there);
    if (failed || there.handler == (uptr)tb_keys_on_signal) continue;
    struct tb_keys_before *before = tb_keys_before + i;
    struct tb_linux_action now = {(uptr)tb_keys_on_signal, 0, (uptr)tb_keys_return, there.mask};
    /* As the one before wants it; but a thread that was stopped goes on with nothing blocked. */
    now.flags = TB_SA_SIGINFO | TB_SA_RESTORER | TB_SA_ONSTACK | (there.flags & TB_SA_NODEFER);
    if (tb_keys_signals[i] == TB_SIGSYS) {
      now.flags |= TB_SA_NODEFER;
      now.mask = 0;
    }
    if (before->there && there.handler > 1)
      before->later = there;
    else
      before->first = there;
    __atomic_store_n(&before->is_later, before->there && there.handler > 1, __ATOMIC_RELEASE);
    before->there = 1;
    failed = tb_keys_action(tb_keys_signals[i], &now, 0);
  }
  __atomic_store_n(&tb_keys_catching, 0, __ATOMIC_RELEASE);
  return failed;
}

/* The second byte of the bits that say which components of the extended state are in use; one that is not is 0. */
enum { TB_PKRU = 9, TB_PKRU_IN_USE = 2 };
static u8 *tb_keys_components_in(const u64 *context) { return (u8 *)(uptr)context[TB_CONTEXT_FLOATS] + 513; }

/* Where PKRU is in a frame's extended state, which lies in from .. to; null where it is none. The state says of itself
 * how large it is. */
static u8 *tb_keys_rights_in(const u64 *context, u64 from, u64 to) {
  u32 size = TB_PKRU, at, word = 13, unused, magic, extended;
  const u64 state = context[TB_CONTEXT_FLOATS];
  if (state < from || state > to - 1024 || (state & 63)) return 0;
  __builtin_memcpy(&magic, (const u8 *)(uptr)state + 464, 4);
  __builtin_memcpy(&extended, (const u8 *)(uptr)state + 464 + 4, 4);
  __asm__("cpuid" : "+a"(word), "=b"(at), "+c"(size), "=d"(unused));
  if (magic != 0x46505853 || extended > to - state || at > extended || extended - at < 4) return 0;
  return (u8 *)(uptr)state + at;
}

/* What stopped something, from a frame in from .. to: whoever jumps into a handler brings a frame of its own. */
void tb_keys_tell(struct tb_keys_fault *fault, int signal, const u8 *info, const u64 *context, u64 from, u64 to) {
  *fault = (struct tb_keys_fault){.signal = signal, .rights = ~0u, .call = -1};
  if ((uptr)info < from || (uptr)info > to - TB_INFO_BYTES || ((uptr)info & 7)) return;
  __builtin_memcpy(&fault->code, info + TB_INFO_CODE, 4);
  __builtin_memcpy(&fault->address, info + TB_INFO_ADDRESS, 8);
  if (signal == TB_SIGSEGV && fault->code == TB_SEGV_PKUERR) __builtin_memcpy(&fault->key, info + TB_INFO_KEY, 4);
  if (signal == TB_SIGSYS && fault->code == TB_SYS_SECCOMP) __builtin_memcpy(&fault->call, info + TB_INFO_CALL, 4);
  if ((uptr)context < from || (uptr)context > to - 8 * TB_CONTEXT_WORDS || ((uptr)context & 7)) return;
  fault->pc = context[TB_CONTEXT_PC];
  if (signal == TB_SIGSEGV || signal == TB_SIGBUS) fault->error = (u32)context[TB_CONTEXT_ERROR];
  u8 *there = tb_keys_rights_in(context, from, to);
  if (!there) return;
  fault->rights = 0;
  if (*tb_keys_components_in(context) & TB_PKRU_IN_USE) __builtin_memcpy(&fault->rights, there, 4);
}

/* -- for the threads of the host -- */

/* Threads that are in a handler of tb_keys_before.later: thread << 32 | low bits of where. */
static u64 tb_keys_busy[TB_BUSY_THREADS];

static u32 tb_keys_thread_here(void) { return (u32)tb_linux_call(TB_NR_GETTID, 0, 0, 0, 0, 0, 0); }

static void tb_keys_send_again(int signal) {
  tb_linux_call(TB_NR_TGKILL, (u64)tb_linux_call(TB_NR_GETPID, 0, 0, 0, 0, 0, 0), tb_keys_thread_here(), (u64)signal, 0, 0, 0);
}

static void tb_keys_give(const struct tb_linux_action *to, int signal, u8 *info, u64 *context) {
  s32 code;
  __builtin_memcpy(&code, info + TB_INFO_CODE, 4);
  if (to->handler > 1) {
    ((void (*)(int, u8 *, u64 *))(uptr)to->handler)(signal, info, context);
    return;
  }
  /* What somebody has sent can be ignored; what the processor finds cannot. */
  if (to->handler == 1 && code <= 0) return;
  const struct tb_linux_action standard = {0, TB_SA_RESTORER, (uptr)tb_keys_return, 0};
  tb_keys_action(signal, &standard, 0);
  if (code <= 0 || signal == TB_SIGSYS || signal == TB_SIGTRAP) tb_keys_send_again(signal); /* these do not come again */
}

/* Whether this thread was stopped where it may be, because it is older than the key: now it has the rights. */
static u32 tb_keys_may(const u8 *info, u64 *context) {
  s32 code;
  u32 key, rights, shared = __atomic_load_n(&tb_keys_shared, __ATOMIC_ACQUIRE);
  __builtin_memcpy(&code, info + TB_INFO_CODE, 4);
  __builtin_memcpy(&key, info + TB_INFO_KEY, 4);
  if (code != TB_SEGV_PKUERR || key > 15 || !(shared >> key & 1)) return 0;
  u8 *there = tb_keys_rights_in(context, 0, ~0ull);
  if (!there) return 0;
  __builtin_memcpy(&rights, there, 4);
  for (key = 1; key < 16; key++)
    if (shared >> key & 1) rights &= ~(3u << 2 * key);
  __builtin_memcpy(there, &rights, 4);
  *tb_keys_components_in(context) |= TB_PKRU_IN_USE;
  return 1;
}

void tb_keys_chain(int signal, u8 *info, u64 *context) {
  const u64 here = (uptr)__builtin_frame_address(0);
  u32 at = 0, slot = TB_BUSY_THREADS;
  if (signal == TB_SIGSEGV && tb_keys_may(info, context)) return;
  if (context[TB_CONTEXT_PC] == (uptr)tb_keys_copying && (signal == TB_SIGSEGV || signal == TB_SIGBUS)) {
    struct tb_keys_fault *fault = (struct tb_keys_fault *)(uptr)context[TB_CONTEXT_RDX];
    if (fault) tb_keys_tell(fault, signal, info, context, (uptr)info & ~0xffffull, ~0ull);
    context[TB_CONTEXT_RAX] = (u64) - (s64)TB_EFAULT;
    context[TB_CONTEXT_PC] = (uptr)tb_keys_copied;
    return;
  }
  while (at < TB_CAUGHT - 1 && tb_keys_signals[at] != signal) at++;
  struct tb_keys_before *before = tb_keys_before + at;
  if (!__atomic_load_n(&before->is_later, __ATOMIC_ACQUIRE)) {
    struct tb_linux_action first = before->first;
    if (first.flags & TB_SA_RESETHAND && first.handler > 1) before->first.handler = 0;
    tb_keys_give(&first, signal, info, context);
    return;
  }
  const u64 mine = (u64)tb_keys_thread_here() << 32;
  for (u32 i = 0; i < TB_BUSY_THREADS; i++) {
    const u64 there = __atomic_load_n(tb_keys_busy + i, __ATOMIC_ACQUIRE);
    if (there >> 32 != mine >> 32) continue;
    /* Deeper in the same handler; or that one has been left for good. */
    if ((u32)there - (u32)here - 1 < TB_NESTED_BYTES) {
      tb_keys_give(&before->first, signal, info, context);
      return;
    }
    slot = i;
  }
  for (u32 i = 0; i < TB_BUSY_THREADS && slot == TB_BUSY_THREADS; i++) {
    u64 nobody = 0;
    if (__atomic_compare_exchange_n(tb_keys_busy + i, &nobody, mine | (u32)here, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) slot = i;
  }
  if (slot < TB_BUSY_THREADS) __atomic_store_n(tb_keys_busy + slot, mine | (u32)here, __ATOMIC_RELEASE);
  const struct tb_linux_action later = before->later;
  tb_keys_give(&later, signal, info, context);
  if (slot < TB_BUSY_THREADS) __atomic_store_n(tb_keys_busy + slot, 0, __ATOMIC_RELEASE);
}
