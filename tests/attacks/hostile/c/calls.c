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
