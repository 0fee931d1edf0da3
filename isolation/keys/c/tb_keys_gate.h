/* The gates as the image of a guest calls them at level `mpk`: x86-64 Linux. A guest's thread finds at %gs, in memory that
 * it can read and not write, where they are and what belongs to it; the image has no WRPKRU and no system call of its own.
 *
 *     tb_keys_switch()                          hands control over to the host, comes back when the host hands it back
 *     tb_keys_plugin(function, a, b, c, d, e, f)   calls a function of a plug-in with the rights of plug-ins: linear memory
 *                                               (UNTRUSTED) to read and write, VM_CORE to read, nothing else; on a stack of
 *                                               its own in UNTRUSTED memory. Gives what it returns in rax.
 *     tb_keys_arena()                           the start of the guest's arena
 *
 * Both keep what a callee keeps by the System V ABI and leave MXCSR, the x87 control word and the flags as that ABI wants
 * them, whatever the other side did with them. A plug-in cannot hand control over to the host, nor call a plug-in: the
 * guest dies of either. */
#ifndef TB_KEYS_GATE_H
#define TB_KEYS_GATE_H
#include "tb_compiler.h"

/* Where it is, from %gs on. */
enum { TB_KEYS_GS_SWITCH = 8, TB_KEYS_GS_PLUGIN = 16, TB_KEYS_GS_ARENA = 24 };

/* Functions, not instructions in a function: below the stack pointer of one there may be what it still needs. */
static __attribute__((naked, noinline, unused)) void tb_keys_switch(void) { __asm__ volatile("jmpq *%gs:8"); }

static __attribute__((naked, noinline, unused)) u64 tb_keys_plugin(TB_UNUSED void *function, TB_UNUSED u64 a, TB_UNUSED u64 b,
                                                                   TB_UNUSED u64 c, TB_UNUSED u64 d, TB_UNUSED u64 e,
                                                                   TB_UNUSED u64 f) {
  __asm__ volatile("jmpq *%gs:16");
}

static inline TB_UNUSED void *tb_keys_arena(void) {
  void *arena;
  __asm__("movq %%gs:24, %0" : "=r"(arena));
  return arena;
}

#endif
