/* Leaving many calls at once: what a callee keeps, of the RISC-V calling convention with doubles in registers. */
#ifndef TB_JUMP_H
#define TB_JUMP_H
#include "tb.h"

/* ra, sp, s0 ... s11, fs0 ... fs11. */
struct tb_jump {
  u64 kept[26];
};

#define TB_JUMP_ALL(op, fop)                                                                                    \
  op " ra, 0(a0)\n" op " sp, 8(a0)\n" op " s0, 16(a0)\n" op " s1, 24(a0)\n" op " s2, 32(a0)\n" op " s3, 40(a0)\n" \
  op " s4, 48(a0)\n" op " s5, 56(a0)\n" op " s6, 64(a0)\n" op " s7, 72(a0)\n" op " s8, 80(a0)\n"                  \
  op " s9, 88(a0)\n" op " s10, 96(a0)\n" op " s11, 104(a0)\n" fop " fs0, 112(a0)\n" fop " fs1, 120(a0)\n"         \
  fop " fs2, 128(a0)\n" fop " fs3, 136(a0)\n" fop " fs4, 144(a0)\n" fop " fs5, 152(a0)\n" fop " fs6, 160(a0)\n"   \
  fop " fs7, 168(a0)\n" fop " fs8, 176(a0)\n" fop " fs9, 184(a0)\n" fop " fs10, 192(a0)\n" fop " fs11, 200(a0)\n"

/* 0 when it is called, 1 when tb_jump_to comes back to it; the function that called it must still be there. */
static __attribute__((naked, noinline, returns_twice, unused)) u32 tb_jump_set(TB_UNUSED struct tb_jump *jump) {
  __asm__ volatile(TB_JUMP_ALL("sd", "fsd") "li a0, 0\n  ret");
}

_Noreturn static inline TB_UNUSED void tb_jump_to(struct tb_jump *jump) {
  register struct tb_jump *a0 __asm__("a0") = jump;
  __asm__ volatile(TB_JUMP_ALL("ld", "fld") "li a0, 1\n  ret" : : "r"(a0) : "memory");
  __builtin_unreachable();
}

#endif
