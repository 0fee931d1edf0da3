/* Attacks of native code, for x86-64: what each is and what is to come of it is in plugin.py. */
#include "tb_plugin.h"

u64 test_hostile_read(struct tb_context *cx, u64 address);
u64 test_hostile_read(struct tb_context *cx, u64 address) {
  (void)cx;
  return *(const volatile u64 *)(uptr)address;
}

void test_hostile_write(struct tb_context *cx, u64 address, u64 value);
void test_hostile_write(struct tb_context *cx, u64 address, u64 value) {
  (void)cx;
  *(volatile u64 *)(uptr)address = value;
}

u64 test_hostile_jump(struct tb_context *cx, u64 address, u64 rax, u64 rdi);
u64 test_hostile_jump(struct tb_context *cx, u64 address, u64 rax, u64 rdi) {
  (void)cx;
  __asm__ volatile("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tcall *%2"
                   : "+a"(rax), "+D"(rdi)
                   : "r"(address)
                   : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
  return rax;
}

u64 test_hostile_context(struct tb_context *cx);
u64 test_hostile_context(struct tb_context *cx) {
  volatile u64 *words = (volatile u64 *)(void *)cx;
  u64 before = words[3];
  for (u32 index = 0; index < TB_PLUGIN_WORDS; index++) words[index] = ~0ull;
  return before;
}

void test_hostile_code(struct tb_context *cx);
void test_hostile_code(struct tb_context *cx) {
  (void)cx;
  *(volatile u8 *)(uptr)test_hostile_code = 0xc3;
}

void test_hostile_loop(struct tb_context *cx);
void test_hostile_loop(struct tb_context *cx) {
  (void)cx;
  for (;;) __asm__ volatile("");
}

u64 test_hostile_recurse(struct tb_context *cx);
__attribute__((noinline)) u64 test_hostile_recurse(struct tb_context *cx) {
  volatile u64 here[64];
  here[0] = (uptr)cx;
  if (!here[0]) return 0;
  u64 below = test_hostile_recurse(cx);
  return below + here[0];
}

void test_hostile_smash(struct tb_context *cx, u32 words);
void test_hostile_smash(struct tb_context *cx, u32 words) {
  (void)cx;
  volatile u64 here[1];
  volatile u64 *at = here;
  __asm__("" : "+r"(at));
  for (u32 index = 0; index < words; index++) at[index] = 0x4141414141414141u;
}

u32 test_hostile_status(struct tb_context *cx, u32 number, u32 *result);
u32 test_hostile_status(struct tb_context *cx, u32 number, u32 *result) {
  (void)cx;
  *result = number;
  return number;
}

/* As assembly: a compiler would keep to the type. */
u32 test_hostile_garbage(struct tb_context *cx);
__attribute__((naked)) u32 test_hostile_garbage(TB_UNUSED struct tb_context *cx) {
  __asm__ volatile("movq $-1, %rax\n\tret");
}

void test_hostile_segment(struct tb_context *cx, u32 fault);
void test_hostile_segment(struct tb_context *cx, u32 fault) {
  (void)cx;
  __asm__ volatile("movl %0, %%gs\n\tmovl %0, %%fs" : : "r"(0));
  if (fault) __asm__ volatile("xorl %%eax, %%eax\n\tidivl %%eax" : : : "rax", "rdx", "cc");
}

void test_hostile_flags(struct tb_context *cx, u32 bits);
__attribute__((naked)) void test_hostile_flags(TB_UNUSED struct tb_context *cx, TB_UNUSED u32 bits) {
  __asm__ volatile("pushq %rsi\n\tpopfq\n\tret");
}

void test_hostile_registers(struct tb_context *cx);
__attribute__((naked)) void test_hostile_registers(TB_UNUSED struct tb_context *cx) {
  __asm__ volatile("pushq $0x7f80\n\tldmxcsr (%rsp)\n\tfldcw (%rsp)\n\tfld1\n\taddq $8, %rsp\n\t"
                   "movq $-1, %rbx\n\tmovq %rbx, %rbp\n\tmovq %rbx, %r12\n\tmovq %rbx, %r13\n\tmovq %rbx, %r14\n\t"
                   "movq %rbx, %r15\n\tmovq %rbx, %rdi\n\tmovq %rbx, %rsi\n\tstd\n\tret");
}

void test_hostile_leave(struct tb_context *cx, u32 slot);
__attribute__((naked)) void test_hostile_leave(TB_UNUSED struct tb_context *cx, TB_UNUSED u32 slot) {
  __asm__ volatile("movl %esi, %esi\n\tjmpq *%gs:(%rsi)");
}
