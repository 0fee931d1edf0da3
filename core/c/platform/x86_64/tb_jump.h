/* Leaving many calls at once: what a callee keeps, of the System V ABI. */
#ifndef TB_JUMP_H
#define TB_JUMP_H
#include "tb.h"

/* rbx, rbp, r12 ... r15, rsp behind the return, where to go on. */
struct tb_jump {
  u64 kept[8];
};

/* 0 when it is called, 1 when tb_jump_to comes back to it; the function that called it must still be there. */
static __attribute__((naked, noinline, returns_twice, unused)) u32 tb_jump_set(TB_UNUSED struct tb_jump *jump) {
  __asm__ volatile("movq %rbx, (%rdi)\n  movq %rbp, 8(%rdi)\n  movq %r12, 16(%rdi)\n  movq %r13, 24(%rdi)\n"
                   "  movq %r14, 32(%rdi)\n  movq %r15, 40(%rdi)\n  leaq 8(%rsp), %rax\n  movq %rax, 48(%rdi)\n"
                   "  movq (%rsp), %rax\n  movq %rax, 56(%rdi)\n  xorl %eax, %eax\n  ret");
}

_Noreturn static inline TB_UNUSED void tb_jump_to(struct tb_jump *jump) {
  __asm__ volatile("movq (%0), %%rbx\n  movq 8(%0), %%rbp\n  movq 16(%0), %%r12\n  movq 24(%0), %%r13\n"
                   "  movq 32(%0), %%r14\n  movq 40(%0), %%r15\n  movq 48(%0), %%rsp\n  movl $1, %%eax\n  jmpq *56(%0)"
                   :
                   : "D"(jump)
                   : "memory");
  __builtin_unreachable();
}

#endif
