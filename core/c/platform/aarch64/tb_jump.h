/* Leaving many calls at once: what a callee keeps, of the AAPCS64. */
#ifndef TB_JUMP_H
#define TB_JUMP_H
#include "tb.h"

/* x19 ... x28, x29, x30, sp, d8 ... d15. */
struct tb_jump {
  u64 kept[22];
};

/* 0 when it is called, 1 when tb_jump_to comes back to it; the function that called it must still be there. */
static __attribute__((naked, noinline, returns_twice, unused)) u32 tb_jump_set(TB_UNUSED struct tb_jump *jump) {
  __asm__ volatile("stp x19, x20, [x0]\n  stp x21, x22, [x0, #16]\n  stp x23, x24, [x0, #32]\n"
                   "  stp x25, x26, [x0, #48]\n  stp x27, x28, [x0, #64]\n  stp x29, x30, [x0, #80]\n"
                   "  mov x1, sp\n  str x1, [x0, #96]\n  stp d8, d9, [x0, #104]\n  stp d10, d11, [x0, #120]\n"
                   "  stp d12, d13, [x0, #136]\n  stp d14, d15, [x0, #152]\n  mov w0, #0\n  ret");
}

_Noreturn static inline TB_UNUSED void tb_jump_to(struct tb_jump *jump) {
  register struct tb_jump *x1 __asm__("x1") = jump;
  __asm__ volatile("ldp x19, x20, [x1]\n  ldp x21, x22, [x1, #16]\n  ldp x23, x24, [x1, #32]\n"
                   "  ldp x25, x26, [x1, #48]\n  ldp x27, x28, [x1, #64]\n  ldp x29, x30, [x1, #80]\n"
                   "  ldr x2, [x1, #96]\n  mov sp, x2\n  ldp d8, d9, [x1, #104]\n  ldp d10, d11, [x1, #120]\n"
                   "  ldp d12, d13, [x1, #136]\n  ldp d14, d15, [x1, #152]\n  mov w0, #1\n  ret"
                   :
                   : "r"(x1)
                   : "memory");
  __builtin_unreachable();
}

#endif
