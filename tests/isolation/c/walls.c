/* A process that puts up its walls and then does what it should not. Words: settings (name=number), then what to do.
 * Standard output: one line of struct tb_walls_found, then "ended" and the words of `died`, or what the deed gave. */
#include "tb_platform.h"
#include "tb_walls.h"
#include "tb_linux_cpu.h"

static void say_text(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  tb_platform_write(1, text, length);
}

static void say(s64 number) {
  char digits[24];
  u32 at = sizeof digits;
  u64 left = number < 0 ? 0 - (u64)number : (u64)number;
  digits[--at] = ' ';
  do digits[--at] = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0) digits[--at] = '-';
  tb_platform_write(1, digits + at, sizeof digits - at);
}

static s64 number(const char *text) {
  u64 value = 0;
  u32 minus = *text == '-';
  for (text += minus; *text >= '0' && *text <= '9'; text++) value = value * 10 + (u64)(*text - '0');
  return (s64)(minus ? 0 - value : value);
}

/* What stands behind NAME= in a word, null if it is another word. */
static const char *value(const char *word, const char *name) {
  while (*name && *word == *name) word++, name++;
  return !*name && *word == '=' ? word + 1 : 0;
}

static u32 same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static volatile u64 died[TB_DIED_WORDS];
static struct tb_walls_found found;

void test_ended(volatile u64 *words) {
  say_text("\nended ");
  for (u32 i = 0; i < 5; i++) say((s64)words[i]);
}

static s64 argument(const char *const *words, long count, long at) { return at < count ? number(words[at]) : 0; }

static void deed(const char *const *words, long count) {
  if (same(words[0], "call")) {
    say(tb_linux_call6(argument(words, count, 1), argument(words, count, 2), argument(words, count, 3),
                       argument(words, count, 4), argument(words, count, 5), argument(words, count, 6),
                       argument(words, count, 7)));
  } else if (same(words[0], "open")) {
    say(tb_linux_call6(TB_LINUX_OPENAT, -100, (long)words[1], argument(words, count, 2), 0600, 0, 0));
  } else if (same(words[0], "write")) {
    *(volatile u32 *)argument(words, count, 1) = 1;
  } else if (same(words[0], "trap")) {
    __builtin_trap();
  } else if (same(words[0], "spin")) {
    for (volatile u32 i = 0;; i++) {}
  } else if (same(words[0], "read")) {
    say(*(volatile u8 *)argument(words, count, 1));
  } else if (same(words[0], "wait")) {
    u64 byte;
    say(tb_platform_read(0, &byte, 1));
#if defined __x86_64__
  } else if (same(words[0], "counter")) {
    say(__builtin_ia32_rdtsc() != 0);
  } else if (same(words[0], "divide")) {
    __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
  } else if (same(words[0], "int80")) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number(words[1])), "b"(0), "c"(0), "d"(0) : "memory");
    say(result);
#endif
  }
}

_Noreturn void tb_entry(const void *start) {
  static s32 open[64] = {0, 1, 2};
  static struct tb_walls_call calls[64] = {TB_WALLS_CALL_ON(TB_LINUX_WRITE, 1), TB_WALLS_CALL_ON(TB_LINUX_READ, 0)};
  static struct tb_walls walls = {.open = open, .calls = calls, .open_count = 3, .calls_count = 2, .lifeline = -1, .died = died, .found = &found};
  const char *const *words = (const char *const *)start + 2;
  long count = *(const long *)start - 1;
  const char *it;
  for (u32 i = 0; i < TB_WALLS_LIMITS; i++) walls.limits[i] = TB_WALLS_AS_IS;
  for (; count; count--, words++) {
    if ((it = value(*words, "keep"))) open[walls.open_count++] = (s32)number(it);
    else if ((it = value(*words, "allow"))) calls[walls.calls_count++] = (struct tb_walls_call)TB_WALLS_CALL((u32)number(it));
    else if ((it = value(*words, "only"))) { /* the number allowed last, with this value of its third argument */
      struct tb_walls_call *call = &calls[walls.calls_count - 1];
      call->when[call->conditions].argument = 2;
      call->when[call->conditions].mask = ~(u64)4;
      call->when[call->conditions++].value = (u64)number(it);
    }
    else if ((it = value(*words, "lifeline"))) walls.lifeline = (s32)number(it);
    else if ((it = value(*words, "dumpable"))) walls.dumpable = (u32)number(it);
    else if ((it = value(*words, "clockless"))) walls.clockless = (u32)number(it);
    else if ((it = value(*words, "landlock"))) walls.landlock_least = (u32)number(it);
    else if ((it = value(*words, "ignore"))) walls.ignored = (u64)1 << (number(it) - 1);
    else if ((it = value(*words, "limit"))) { /* limit=NUMBER:VALUE */
      u32 which = (u32)number(it);
      while (*it != ':') it++;
      walls.limits[which & (TB_WALLS_LIMITS - 1)] = (u64)number(it + 1);
    }
    else break;
  }
  u32 failed = tb_walls_up(&walls);
  for (u32 i = 0; i < sizeof found / 4; i++) say(tb_load_u32(&((const u32 *)(const void *)&found)[i]));
  say_text("\n");
  if (failed) tb_platform_exit(6);
  if (count) deed(words, count);
  tb_platform_exit(0);
}
