/* poll_oneoff: waits until one of several things is so. */
#include "tb_p1_fd.h"
#include "tb_platform.h"

/* Bytes of a subscription, and of wasi_unstable's, whose clocks have a number of 64 bits more in front. */
enum { TB_P1_SUBSCRIPTION = 48, TB_P0_SUBSCRIPTION = 56, TB_P1_EVENT = 32, TB_P1_SUBSCRIPTIONS = 4096 };
enum { TB_P1_EVENT_CLOCK, TB_P1_EVENT_READ, TB_P1_EVENT_WRITE };

/* What a subscription waits for. error: why it need not wait; left: nanoseconds, 0 for what is so already, NEVER for what
 * only input brings. */
#define TB_P1_NEVER (~0ull)
struct tb_p1_wish {
  u64 left;
  u32 error, kind, input;
};

static struct tb_p1_wish tb_p1_wish(struct tb_context *cx, const u8 *at, u32 bytes) {
  struct tb_p1_wish wish = {0, TB_P1_SUCCESS, at[8], 0};
  if (wish.kind == TB_P1_EVENT_CLOCK) {
    at += bytes - TB_P1_SUBSCRIPTION;
    u32 clock = tb_load_u32(at + 16);
    u64 until = tb_load_u64(at + 24);
    if (!TB_WASI_CLOCK) wish.error = TB_P1_NOTCAPABLE;
    if (TB_WASI_CLOCK && clock > 1) wish.error = TB_P1_INVAL;
    if (wish.error) return wish;
    wish.left = until;
    if (tb_load_u16(at + 40) & 1) { /* a moment, not how long */
      u64 now = tb_platform_clock(clock);
      wish.left = until > now ? until - now : 0;
    }
    if (wish.left == TB_P1_NEVER) wish.left--;
    return wish;
  }
  struct tb_p1_entry *entry;
  wish.error = wish.kind > TB_P1_EVENT_WRITE ? TB_P1_INVAL : tb_p1_find(cx, tb_load_u32(at + 16), TB_P1_POLL_FD_READWRITE, &entry);
  if (wish.error) return wish;
  u64 right = wish.kind == TB_P1_EVENT_READ ? TB_P1_FD_READ : TB_P1_FD_WRITE;
  if (~entry->base & right) wish.error = TB_P1_NOTCAPABLE;
  /* Files are always ready, output waits when it is written. */
  wish.input = !wish.error && wish.kind == TB_P1_EVENT_READ && TB_P1_IS_CONSOLE(entry);
  if (wish.input) wish.left = TB_P1_NEVER;
  return wish;
}

/* Waits: 1 for input, 0 when the time has passed, less than 0 for an interruption. */
static int tb_p1_wait(struct tb_context *cx, u64 nanoseconds, u32 input) {
  u64 start = tb_platform_clock(TB_CLOCK_STEADY), passed = 0;
  do {
    u64 left = nanoseconds == TB_P1_NEVER ? TB_P1_NEVER : nanoseconds - passed;
    int found = input ? TB_CONSOLE_WAIT(cx, left) : TB_SLEEP(cx, left);
    if (TB_INTERRUPTED(cx)) return -4;
    if (found > 0) return found;
    if (found < 0 && found != -4) return found;
    passed = tb_platform_clock(TB_CLOCK_STEADY) - start;
  } while (nanoseconds == TB_P1_NEVER || passed < nanoseconds);
  return 0;
}

static u32 tb_p1_poll(struct tb_context *cx, u32 from, u32 to, u32 count, u32 happened_at, u32 bytes) {
  if (!count || count > TB_P1_SUBSCRIPTIONS) return TB_P1_INVAL;
  if (!tb_p1_at(cx, from, (u64)count * bytes) || !tb_p1_at(cx, to, (u64)count * TB_P1_EVENT) || !tb_p1_at(cx, happened_at, 4))
    return TB_P1_FAULT;
  u64 left = TB_P1_NEVER;
  u32 input = 0;
  for (u32 i = 0; i < count; i++) {
    const u8 *at = tb_p1_at(cx, from + i * bytes, bytes);
    if (!at) return TB_P1_FAULT;
    struct tb_p1_wish wish = tb_p1_wish(cx, at, bytes);
    if (wish.left < left) left = wish.left;
    input |= wish.input;
  }
  u64 start = tb_platform_clock(TB_CLOCK_STEADY);
  int found = tb_p1_wait(cx, left, input);
  if (found < 0) return found == -4 ? TB_P1_INTR : TB_P1_IO;
  u64 passed = tb_platform_clock(TB_CLOCK_STEADY) - start;
  u32 happened = 0;
  for (u32 i = 0; i < count; i++) {
    const u8 *at = tb_p1_at(cx, from + i * bytes, bytes);
    u8 *event = tb_p1_at(cx, to + happened * TB_P1_EVENT, TB_P1_EVENT);
    if (!at || !event) return TB_P1_FAULT;
    u64 data = tb_load_u64(at);
    struct tb_p1_wish wish = tb_p1_wish(cx, at, bytes);
    /* How long is counted from the start; a moment is looked at again, and the one that ended the waiting is here. */
    u32 so = wish.error || !wish.left || wish.left <= passed || (wish.input ? found > 0 : !found && wish.left <= left);
    if (!so) continue;
    __builtin_memset(event, 0, TB_P1_EVENT);
    tb_store_u64(event, data);
    tb_store_u16(event + 8, (u16)wish.error);
    event[10] = (u8)wish.kind;
    happened++;
  }
  u8 *result = tb_p1_at(cx, happened_at, 4);
  if (!result) return TB_P1_FAULT;
  tb_store_u32(result, happened);
  return TB_P1_SUCCESS;
}

u32 tb_p1_poll_oneoff(struct tb_context *cx, u32 from, u32 to, u32 count, u32 happened_at) {
  return tb_p1_poll(cx, from, to, count, happened_at, TB_P1_SUBSCRIPTION);
}
u32 tb_p0_poll_oneoff(struct tb_context *cx, u32 from, u32 to, u32 count, u32 happened_at) {
  return tb_p1_poll(cx, from, to, count, happened_at, TB_P0_SUBSCRIPTION);
}
