/* Native code that reads, writes and jumps as it is told. */
#include "tb.h"

u32 tb_hostile_read(struct tb_context *cx, u64 address) {
  (void)cx;
  return *(volatile u8 *)(unsigned long)address;
}

void tb_hostile_write(struct tb_context *cx, u64 address, u32 value) {
  (void)cx;
  *(volatile u8 *)(unsigned long)address = (u8)value;
}

u64 tb_hostile_jump(struct tb_context *cx, u64 address) {
  (void)cx;
  u64 result;
  __asm__ volatile("callq *%1"
                   : "=a"(result)
                   : "r"(address), "0"(0)
                   : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  return result;
}

static u64 hostile_deeper(u64 levels) {
  volatile u8 room[4096];
  room[levels & 4095] = (u8)levels;
  return levels ? hostile_deeper(levels - 1) + room[levels & 4095] : 0;
}

u64 tb_hostile_deep(struct tb_context *cx, u64 levels) {
  (void)cx;
  return hostile_deeper(levels);
}

void tb_hostile_spin(struct tb_context *cx) {
  (void)cx;
  for (;;) __asm__ volatile("");
}

void tb_hostile_stack(struct tb_context *cx, u64 address) {
  (void)cx;
  __asm__ volatile("movq %0, %%rsp\n  pushq %%rax\n  pushq %%rax\n  ud2" ::"r"(address) : "memory");
}

static const char hostile_text[] = "hostile";

u64 tb_hostile_here(struct tb_context *cx, u32 what) {
  volatile u64 local = 0;
  const volatile void *places[] = {cx, &local, (const void *)(unsigned long)&tb_hostile_here, hostile_text};
  return (u64)(unsigned long)places[what & 3];
}

u64 tb_hostile_clock(struct tb_context *cx) {
  (void)cx;
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}

void tb_hostile_far(struct tb_context *cx, u32 how, u64 segment, u64 address) {
  (void)cx;
  if (how)
    __asm__ volatile("movq %%rsp, %%rax\n  pushq %%rdx\n  pushq %%rax\n  pushfq\n  pushq %0\n  pushq %1\n  iretq"
                     :
                     : "r"(segment), "r"(address), "d"((u64)0x2b)
                     : "rax", "memory");
  else
    __asm__ volatile("pushq %0\n  pushq %1\n  lretq" : : "r"(segment), "r"(address) : "memory");
}
