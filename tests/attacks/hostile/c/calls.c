/* Native code that asks the kernel. */
#include "tb.h"

u64 tb_hostile_call(struct tb_context *cx, u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  (void)cx;
  u64 result;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

u64 tb_hostile_old_call(struct tb_context *cx, u64 number, u64 a, u64 b, u64 c) {
  (void)cx;
  u64 result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "r8", "r9", "r10", "r11", "memory");
  return result;
}

/* isolation/c/tb_guest.h: kind, what, words[8], result at the start of a worker's arena; descriptor 3 is its gate. */
u64 tb_hostile_lie(struct tb_context *cx, u64 kind, u64 what, u64 first, u64 second, u64 result) {
  volatile u64 *mail = (volatile u64 *)0x100000000000;
  u8 byte = 0;
  mail[1] = what;
  mail[2] = first;
  mail[3] = second;
  mail[10] = result;
  mail[0] = kind;
  tb_hostile_call(cx, 1, 3, (u64)(unsigned long)&byte, 1, 0, 0, 0);
  tb_hostile_call(cx, 0, 3, (u64)(unsigned long)&byte, 1, 0, 0, 0);
  return mail[10];
}
