/* Interrupts from the keyboard, for hosts whose own handler runs only when the program has come back: Python's. The
 * handler that was there is called as it would have been; what runs on the main thread is stopped besides.
 *
 * Threads are told apart by their stacks: the main thread's is far from all others, which the system puts among
 * what is mapped. */
#include "tb_embed.h"
#include "tb_linux_cpu.h"

enum { TB_EMBED_SIGINT = 2, TB_EMBED_STACK = 64 << 20 };

typedef void (*tb_embed_handler)(int signal, void *info, void *context);
static const u8 *tb_embed_main; /* a place in the main thread's stack */
static volatile u32 *volatile tb_embed_running; /* the flag of what runs there, null for nothing */
static struct tb_linux_sigaction tb_embed_before;

static u32 tb_embed_on_main(void) {
  const u8 *here = __builtin_frame_address(0);
  u64 distance = here > tb_embed_main ? (u64)(here - tb_embed_main) : (u64)(tb_embed_main - here);
  return tb_embed_main && distance < TB_EMBED_STACK;
}

volatile u32 *tb_embed_begin(struct tb_context *cx) {
  volatile u32 *outer = tb_embed_running;
  if (!tb_embed_on_main()) return 0;
  tb_embed_running = &cx->interrupted;
  return outer;
}

void tb_embed_end(volatile u32 *outer) {
  if (tb_embed_on_main()) tb_embed_running = outer;
}

/* SA_SIGINFO: the handler takes all three. */
static void tb_embed_sigint(int signal, void *info, void *context) {
  if (tb_embed_running) *tb_embed_running = 1;
  if (tb_embed_before.flags & 4)
    ((tb_embed_handler)(void *)tb_embed_before.handler)(signal, info, context);
  else
    tb_embed_before.handler(signal);
}

void tblvm_watch_keyboard(void) {
  struct tb_linux_sigaction now;
  long mask = sizeof now.mask;
  if (tb_linux_call6(TB_LINUX_RT_SIGACTION, TB_EMBED_SIGINT, 0, (long)&now, mask, 0, 0) < 0) return;
  /* 0 and 1: what the system does, or nothing: no handler to be called. Ours is there already. */
  if ((u64)now.handler < 2 || (void *)now.handler == (void *)tb_embed_sigint) return;
  tb_embed_main = __builtin_frame_address(0);
  tb_embed_before = now;
  now.handler = (void (*)(int))(void *)tb_embed_sigint;
  tb_linux_call6(TB_LINUX_RT_SIGACTION, TB_EMBED_SIGINT, (long)&now, 0, mask, 0, 0);
}
