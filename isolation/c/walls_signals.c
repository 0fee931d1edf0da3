/* Signals: what the processor or the filter finds is written down, and ends the process. Only stores and one system
 * call, on a stack of its own. */
#include "tb_jump.h"
#include "tb_walls_steps.h"
#include "walls_linux.h"

/* SA_SIGINFO, SA_ONSTACK, and SA_NODEFER: the test leaves the handler without returning. */
enum { TB_WALLS_FLAGS = 0x4 | 0x08000000 | 0x40000000 };
enum { TB_SIGILL = 4, TB_SIGTRAP, TB_SIGBUS = 7, TB_SIGFPE, TB_SIGKILL, TB_SIGSEGV = 11, TB_SIGSTOP = 19, TB_SIGXCPU = 24, TB_SIGXFSZ, TB_SIGSYS = 31 };
#define TB_WALLS_BIT(signal) ((u64)1 << ((signal) - 1))
#define TB_WALLS_CAUGHT                                                                                         \
  (TB_WALLS_BIT(TB_SIGILL) | TB_WALLS_BIT(TB_SIGTRAP) | TB_WALLS_BIT(TB_SIGBUS) | TB_WALLS_BIT(TB_SIGFPE) |      \
   TB_WALLS_BIT(TB_SIGSEGV) | TB_WALLS_BIT(TB_SIGXCPU) | TB_WALLS_BIT(TB_SIGXFSZ) | TB_WALLS_BIT(TB_SIGSYS))

/* Room for a frame with all registers that a processor may have. */
static u64 tb_walls_stack[4096];
static volatile u64 *tb_walls_died;

/* What the test is trying: its number and one; what to go back to. */
static volatile u32 tb_walls_trying;
static struct tb_jump tb_walls_back;

static void tb_walls_on_signal(int signal, const s32 *info, const u64 *context) {
  volatile u64 *died = tb_walls_died;
  if (signal == TB_SIGSYS && tb_walls_trying && (u32)info[6] + 1 == tb_walls_trying) {
    tb_walls_trying = 0;
    tb_jump_to(&tb_walls_back);
  }
  /* The first one counts: a signal may come while another one is told. */
  if (!died[TB_DIED_SIGNAL]) {
    died[TB_DIED_CODE] = (u64)(s64)info[2];
    died[TB_DIED_ADDRESS] = tb_load_u64(info + 4);
    died[TB_DIED_PC] = context[TB_LINUX_CONTEXT_PC / 8];
    died[TB_DIED_CALL] = signal == TB_SIGSYS ? (u64)(s64)info[6] : TB_WALLS_AS_IS;
    died[TB_DIED_SIGNAL] = (u64)signal;
    TB_WALLS_END(died);
  }
  for (;;) tb_walls_call(TB_LINUX_EXIT_GROUP, TB_WALLS_STATUS, 0, 0, 0, 0);
}

static long tb_walls_action(u32 signal, void *handler) {
  struct tb_linux_sigaction action = TB_LINUX_SIGACTION((void (*)(int))handler, (uptr)handler > 1 ? TB_WALLS_FLAGS : 0);
  return tb_walls_call(TB_LINUX_RT_SIGACTION, signal, (u64)&action, 0, sizeof action.mask, 0);
}

static u32 tb_walls_is_caught(u32 signal) { return (TB_WALLS_CAUGHT & TB_WALLS_BIT(signal)) != 0; }

/* A handler that is there already is one of this runtime's: others do not outlive the start of a program. */
static long tb_walls_set(u32 signal, void *handler) {
  struct tb_linux_sigaction there;
  long done = tb_walls_call(TB_LINUX_RT_SIGACTION, signal, 0, (u64)&there, sizeof there.mask, 0);
  if (done < 0 || (uptr)there.handler > 1) return done;
  return tb_walls_action(signal, handler);
}

long tb_walls_catch(volatile u64 *died) {
  struct { /* stack_t */
    void *at;
    s32 flags, padding;
    u64 bytes;
  } stack = {tb_walls_stack, 0, 0, sizeof tb_walls_stack};
  tb_walls_died = died;
  long done = tb_walls_call(TB_WALLS_SIGALTSTACK, (u64)&stack, 0, 0, 0, 0);
  for (u32 signal = 1; done >= 0 && signal < 32; signal++)
    if (tb_walls_is_caught(signal)) done = tb_walls_set(signal, (void *)tb_walls_on_signal);
  return done;
}

u32 tb_walls_handlers(const struct tb_walls *what) {
  long done = tb_walls_catch(what->died);
  for (u32 i = 0; i < TB_DIED_WORDS; i++) what->died[i] = 0;
  for (u32 signal = 1; done >= 0 && !what->signals_stay && signal <= 64; signal++)
    if (!tb_walls_is_caught(signal) && signal != TB_SIGKILL && signal != TB_SIGSTOP)
      done = tb_walls_set(signal, (void *)(uptr)((what->ignored & TB_WALLS_BIT(signal)) != 0)); /* SIG_IGN is 1, SIG_DFL 0 */
  /* Whoever started the process may have had some blocked. SIG_UNBLOCK, SIG_SETMASK. */
  const u64 bits = what->signals_stay ? TB_WALLS_CAUGHT : 0;
  if (done >= 0) done = tb_walls_call(TB_LINUX_RT_SIGPROCMASK, what->signals_stay ? 1 : 2, (u64)&bits, 0, sizeof bits, 0);
  what->found->error = done < 0 ? (u32)-done : 0;
  return done < 0;
}

u32 tb_walls_stops(u32 number, const u64 *arguments, long *answer) {
  const long *with = (const long *)(const void *)arguments;
  if (tb_jump_set(&tb_walls_back)) return 1;
  tb_walls_trying = number + 1;
  *answer = (tb_linux_call6)(number, with[0], with[1], with[2], with[3], with[4], with[5]);
  tb_walls_trying = 0;
  return 0;
}
