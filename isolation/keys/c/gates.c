/* The gates: every WRPKRU of the supervisor, and what must be in assembly around them.
 *
 * Keys do not stop jumps: whoever runs can jump to any instruction here with any registers. So a WRPKRU is always followed
 * by a comparison of what it has set with a value that a guest cannot choose, and what comes then takes nothing from
 * registers that it would trust: where the stack is, and what the rights are to be, comes from the record at %gs, which
 * only the supervisor can write. Only system calls and instructions that guests do not have (WRGSBASE) can set %gs; but
 * anybody can load a selector, which makes its base 0, where nothing is: the next access faults. A single step trap, or any
 * signal, between the two finds it still the guest's turn, and the guest dies.
 *
 * Offsets from %gs are those of struct tb_keys_guest. */
#include "tb_keys_record.h"

#define HIDDEN(name) "  .globl " #name "\n  .hidden " #name "\n  .type " #name ", @function\n" #name ":\n"
/* wrpkru wants ecx and edx to be 0. */
#define WRPKRU "  xorl %ecx, %ecx\n  xorl %edx, %edx\n  wrpkru\n"
/* Direction up, no single steps, no alignment checks: as the ABI wants it. */
#define FLAGS "  pushq $2\n  popfq\n"
#define PUSH_KEPT "  pushq %rbx\n  pushq %rbp\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
#define POP_KEPT "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbp\n  popq %rbx\n"

__asm__(
    "  .text\n"

    /* uint32_t tb_keys_read(void) */
    "  .globl tb_keys_read\n  .type tb_keys_read, @function\n"
    "tb_keys_read:\n"
    "  xorl %ecx, %ecx\n"
    "  rdpkru\n"
    "  ret\n"

    /* uint32_t tb_keys_write(uint32_t rights): any value, for threads of the host: these have thread-local storage. A guest's
     * has not, its %fs is based at 0, and loading a selector, which is all that it can do to it, makes that 0 again. */
    "  .globl tb_keys_write\n  .type tb_keys_write, @function\n"
    "tb_keys_write:\n"
    "  xorl %ecx, %ecx\n"
    "  rdpkru\n"
    "  movl %eax, %esi\n"
    "  movl %edi, %eax\n"
    WRPKRU
    "  rdfsbase %rcx\n"
    "  testq %rcx, %rcx\n"
    "  je tb_keys_die\n"
    "  xorl %ecx, %ecx\n"
    "  rdpkru\n"
    "  cmpl %edi, %eax\n"
    "  jne tb_keys_die\n"
    "  movl %esi, %eax\n"
    "  ret\n"

    /* All rights, and an end: before 6.12 Linux writes a signal's frame with the rights that it finds, and kills the whole
     * process where these do not do. */
    HIDDEN(tb_keys_die)
    "  xorl %eax, %eax\n"
    WRPKRU
    "  testl %eax, %eax\n"
    "  jne tb_keys_die\n"
    "  ud2\n"

    /* The guest hands over: called by it. */
    HIDDEN(tb_keys_leave)
    PUSH_KEPT
    "  movl $1, %r9d\n" /* TB_KEYS_SWITCHED */
    "1:\n"
    "  movq %rsp, %r8\n"
    "  xorl %eax, %eax\n"
    WRPKRU
    "  testl %eax, %eax\n"
    "  jne tb_keys_die\n"
    "  movq %gs:32, %rsp\n"
    FLAGS
    "  movq %gs:56, %rax\n" /* a plug-in is not to hand over */
    "  cmpq $0, (%rax)\n"
    "  jne tb_keys_die\n"
    "  movq %r8, %gs:40\n"
    "  movl %r9d, %gs:76\n"
    "  movq %gs:0, %rdi\n"
    "  call tb_keys_left\n"
    "  ud2\n"

    /* Where the guest's entry function returns to. */
    HIDDEN(tb_keys_finish)
    "  movl $2, %r9d\n" /* TB_KEYS_ENDED */
    "  jmp 1b\n"

    /* The guest's turn: jumped to with all rights. */
    HIDDEN(tb_keys_enter)
    "  fninit\n"
    "  ldmxcsr %gs:72\n"
    "  movl %gs:64, %eax\n"
    WRPKRU
    "  cmpl %gs:64, %eax\n"
    "  jne tb_keys_die\n"
    "  movq %gs:40, %rsp\n"
    "  movq %gs:56, %rax\n"
    "  cmpq $0, (%rax)\n"
    "  jne tb_keys_die\n"
    FLAGS
    POP_KEPT
    /* Nothing of the host's is left in registers. */
    "  xorl %eax, %eax\n  xorl %esi, %esi\n  xorl %edi, %edi\n  xorl %r8d, %r8d\n"
    "  xorl %r9d, %r9d\n  xorl %r10d, %r10d\n  xorl %r11d, %r11d\n"
    "  ret\n"

    /* The first turn: the stack has the arguments and the entry function. */
    HIDDEN(tb_keys_first)
    "  popq %rdi\n"
    "  popq %rsi\n"
    "  ret\n"

    /* u64 (function, a, b, c, d, e, f): the last one on the stack. */
    HIDDEN(tb_keys_call_plugin)
    PUSH_KEPT
    "  movq 56(%rsp), %r15\n"
    "  movq %rdi, %r12\n"
    "  movq %rdx, %r13\n"
    "  movq %rcx, %r14\n"
    "  movq %gs:56, %rbx\n"
    "  movq %rsp, (%rbx)\n"
    "  movq %gs:48, %rsp\n"
    "  movl %gs:68, %eax\n"
    WRPKRU
    "  cmpl %gs:68, %eax\n"
    "  jne tb_keys_die\n"
    "  movq %rsi, %rdi\n"
    "  movq %r13, %rsi\n"
    "  movq %r14, %rdx\n"
    "  movq %r8, %rcx\n"
    "  movq %r9, %r8\n"
    "  movq %r15, %r9\n"
    "  call *%r12\n"
    "  movq %rax, %r8\n"
    "  movl %gs:64, %eax\n"
    WRPKRU
    "  cmpl %gs:64, %eax\n"
    "  jne tb_keys_die\n"
    "  movq %gs:56, %rbx\n"
    "  movq (%rbx), %rsp\n"
    FLAGS
    "  movq $0, (%rbx)\n"
    "  fninit\n"
    "  ldmxcsr %gs:72\n"
    "  movq %r8, %rax\n"
    POP_KEPT
    "  ret\n"

    /* A signal. Where the stack pointer is in a slot, it is that guest's, and nothing can be touched before PKRU is set;
     * else the thread is the host's, and PKRU stays what the system has made of it. Who jumps to the WRPKRU here with a
     * stack pointer in another's slot is told by its thread; %gs may be anything. */
    HIDDEN(tb_keys_on_signal)
    "  movq %rsp, %rax\n"
    "  subq tb_keys_slots(%rip), %rax\n"
    "  cmpq tb_keys_slots_bytes(%rip), %rax\n"
    "  jae tb_keys_chain\n"
    "  movq %rdx, %r8\n"
    "  xorl %eax, %eax\n"
    WRPKRU
    "  testl %eax, %eax\n"
    "  jne tb_keys_die\n"
    "  movq %rsp, %r9\n"
    "  subq tb_keys_slots(%rip), %r9\n"
    "  cmpq tb_keys_slots_bytes(%rip), %r9\n"
    "  jae tb_keys_die\n"
    "  andq $-131072, %r9\n" /* TB_KEYS_SLOT */
    "  addq tb_keys_slots(%rip), %r9\n"
    "  movl $186, %eax\n" /* gettid: touches rcx and r11 besides */
    "  syscall\n"
    "  cmpl %eax, 88(%r9)\n"
    "  jne tb_keys_die\n"
    "  movq 32(%r9), %rsp\n"
    FLAGS
    "  movq %r8, %rdx\n"
    "  movq %r9, %rcx\n"
    "  call tb_keys_faulted\n"
    "  ud2\n"

    /* Behind a handler: rt_sigreturn. */
    HIDDEN(tb_keys_return)
    "  movl $15, %eax\n"
    "  syscall\n"
    "  ud2\n"

    /* long (flags, stack, parent, child, guest): clone, whose thread begins with tb_keys_begin. */
    HIDDEN(tb_keys_clone)
    "  movq %rcx, %r10\n"
    "  movq %r8, %r9\n"
    "  xorl %r8d, %r8d\n"
    "  movl $56, %eax\n"
    "  syscall\n"
    "  testq %rax, %rax\n"
    "  jne 1f\n"
    "  movq %r9, %rdi\n"
    "  xorl %ebp, %ebp\n"
    "  call tb_keys_begin\n"
    "  ud2\n"
    "1:\n"
    "  ret\n"

    /* long tb_keys_copy(to, from, bytes, fault): the handler of signals goes on at tb_keys_copied, with the result. */
    "  .globl tb_keys_copy\n  .type tb_keys_copy, @function\n"
    "tb_keys_copy:\n"
    "  movq %rcx, %r8\n"
    "  movq %rdx, %rcx\n"
    "  movq %r8, %rdx\n"
    "  xorl %eax, %eax\n"
    HIDDEN(tb_keys_copying)
    "  rep movsb\n"
    HIDDEN(tb_keys_copied)
    "  ret\n"

    "  .section .note.GNU-stack, \"\", @progbits\n");
