/* A guest that does what its host writes at the start of its arena. */
#include "tb_keys_gate.h"

struct order {
  u64 what, words[7], result, state[4];
};

enum {
  READ = 1, WRITE, JUMP, LOOP, RECURSE, PLUGIN, CALL, SINGLE, NO_GS, STACK, CONTROL, KEPT, DIVIDE, END, FLAGS_BAD, UD2, INT3, RIGHTS,
  DEEP, PLUGIN_MANY
};

static u64 load(u64 address) { return *(volatile u64 *)address; }
static void store(u64 address, u64 value) { *(volatile u64 *)address = value; }

/* What stands in for a plug-in's function. */
u64 plugin(u64 what, u64 address, u64 value, u64 d, u64 e, u64 f);
__attribute__((noinline)) u64 plugin(u64 what, u64 address, u64 value, u64 d, u64 e, u64 f) {
  u64 result = 0;
  switch (what) {
    case READ: return load(address);
    case WRITE: store(address, value); return 1;
    case JUMP: ((void (*)(void))address)(); return 0;
    case LOOP: for (;;) __asm__ volatile("pause");
    case RECURSE: return plugin(what, address, value, d, e, f) + load((u64)&result);
    case CONTROL: {
      u32 mxcsr = 0xffc0;
      u16 word = 0x0c00;
      __asm__ volatile("ldmxcsr %0\n fldcw %1\n std" ::"m"(mxcsr), "m"(word));
      return 7;
    }
    case RIGHTS: {
      u32 rights;
      __asm__ volatile("rdpkru" : "=a"(rights) : "c"(0) : "rdx");
      return rights;
    }
    case STACK: __asm__ volatile("movq %%rsp, %0" : "=r"(result)); return result;
    default: return what * 1000000 + address * 100000 + value * 10000 + d * 1000 + e * 100 + f;
  }
}

/* Another one: jumps with eax as it likes. */
__attribute__((naked, used)) u64 jump_with(u64 address, u64 rax);
__attribute__((naked, used)) u64 jump_with(TB_UNUSED u64 address, TB_UNUSED u64 rax) {
  __asm__ volatile("movq %rdi, %r11\n movq %rsi, %rax\n xorl %ecx, %ecx\n xorl %edx, %edx\n jmp *%r11");
}

static __attribute__((noinline)) u64 recurse(u64 depth) {
  volatile u8 room[4096];
  room[0] = (u8)depth;
  return depth ? recurse(depth - 1) + room[0] : 0;
}

/* Whether what a callee keeps survives a call with all of it taken. */
static u64 kept(u64 (*gate)(void)) {
  u64 wrong;
  __asm__ volatile("movq $1, %%rbx\n movq $2, %%r12\n movq $3, %%r13\n movq $4, %%r14\n movq $5, %%r15\n"
                   "pushq %%rbp\n movq $6, %%rbp\n subq $8, %%rsp\n call *%[gate]\n addq $8, %%rsp\n"
                   "subq $6, %%rbp\n movq %%rbp, %[wrong]\n popq %%rbp\n"
                   "subq $1, %%rbx\n orq %%rbx, %[wrong]\n subq $2, %%r12\n orq %%r12, %[wrong]\n"
                   "subq $3, %%r13\n orq %%r13, %[wrong]\n subq $4, %%r14\n orq %%r14, %[wrong]\n"
                   "subq $5, %%r15\n orq %%r15, %[wrong]\n"
                   : [wrong] "=&a"(wrong), [gate] "+D"(gate)
                   :
                   : "rbx", "r12", "r13", "r14", "r15", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
  return wrong;
}

static u64 turn(void) {
  tb_keys_switch();
  return 0;
}

static u64 call_plugin(void) { return tb_keys_plugin((void *)plugin, CONTROL, 0, 0, 0, 0, 0); }

u64 start(struct order *order, u64 bytes);
u64 start(struct order *order, u64 bytes) {
  u64 *w = order->words;
  order->state[0] = bytes;
  order->state[1] = (u64)plugin;
  for (;; tb_keys_switch()) {
    u32 mxcsr;
    u16 word;
    u64 flags;
    switch (order->what) {
      case READ: order->result = load(w[0]); break;
      case WRITE: store(w[0], w[1]); break;
      /* With registers as they like: rax, rdi, rsi, rdx, rcx, r8. */
      case JUMP:
        __asm__ volatile("movq %0, %%r8\n jmp *%1" ::"m"(w[6]), "r"(w[0]), "a"(w[1]), "D"(w[2]), "S"(w[3]), "d"(w[4]), "c"(w[5]) : "r8");
        break;
      case LOOP: for (;;) __asm__ volatile("pause");
      case RECURSE: order->result = recurse(~0ull); break;
      case DEEP: order->result = recurse(w[0]); break;
      case PLUGIN: order->result = tb_keys_plugin((void *)(w[6] ? w[6] : (u64)plugin), w[0], w[1], w[2], w[3], w[4], w[5]); break;
      case PLUGIN_MANY:
        for (u64 i = 0; i < w[0]; i++) order->result = tb_keys_plugin((void *)plugin, 0, 0, 0, 0, 0, i);
        break;
      case CALL: order->result = ((u64 (*)(u64, u64, u64))w[0])(w[1], w[2], w[3]); break;
      /* Steps, from the next instruction on. */
      case SINGLE: __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n jmp *%0" ::"r"(w[0]), "a"(w[1]), "c"(0), "d"(0)); break;
      case NO_GS:
        __asm__ volatile("movl %0, %%gs" ::"r"((u32)w[1]));
        if (w[0]) __asm__ volatile("jmp *%0" ::"r"(w[0]), "a"(w[2]), "D"(w[3]), "c"(0), "d"(0));
        __asm__ volatile("ud2");
      case STACK: __asm__ volatile("movq %0, %%rsp\n pushq $1\n jmp *%1" ::"r"(w[0]), "r"(w[1]), "a"(w[2]), "c"(0), "d"(0)); break;
      case CONTROL:
        mxcsr = (u32)w[0], word = (u16)w[1];
        __asm__ volatile("ldmxcsr %0\n fldcw %1" ::"m"(mxcsr), "m"(word));
        tb_keys_switch();
        __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(word));
        order->result = mxcsr | (u64)word << 32;
        break;
      case KEPT: order->result = kept(w[0] ? call_plugin : turn); break;
      case FLAGS_BAD:
        call_plugin();
        __asm__ volatile("stmxcsr %0\n fnstcw %1\n pushfq\n popq %2" : "=m"(mxcsr), "=m"(word), "=r"(flags));
        order->result = mxcsr | (u64)word << 32, order->state[2] = flags;
        break;
      case DIVIDE: __asm__ volatile("divl %1" ::"a"(1), "r"(0), "d"(0)); break;
      case UD2: __asm__ volatile("ud2"); break;
      case INT3: __asm__ volatile("int3"); break;
      case RIGHTS: {
        u32 rights;
        __asm__ volatile("rdpkru" : "=a"(rights) : "c"(0) : "rdx");
        order->result = rights;
        break;
      }
      case END: return 0;
      default: order->result = ~0ull;
    }
  }
}
