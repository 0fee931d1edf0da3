/* System calls by an instruction of its own, which no list of the runtime's has. */
#include "tb_linux_cpu.h"

u64 tb_hostile_call(struct tb_context *cx, u64 number, u64 a, u64 b, u64 c, u64 d, u64 e) {
  (void)cx;
  return (u64)(tb_linux_call6)((long)number, (long)a, (long)b, (long)c, (long)d, (long)e, 0);
}

u64 tb_hostile_open(struct tb_context *cx, u64 flags) {
  (void)cx;
  return (u64)(tb_linux_call6)(TB_LINUX_OPENAT, -100, (long)"/etc/passwd", (long)flags, 0, 0, 0);
}

u64 tb_hostile_poke(struct tb_context *cx, u64 address) {
  (void)cx;
  *(volatile u32 *)address = 1;
  return 0;
}

u64 tb_hostile_old(struct tb_context *cx, u64 number) {
  (void)cx;
#if defined __x86_64__
  u64 result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory");
  return result;
#else
  return number;
#endif
}
