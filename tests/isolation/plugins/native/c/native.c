#include "tb_plugin.h"

u64 test_native_add(struct tb_context *cx, u32 a, u64 b, u32 c);
u64 test_native_add(struct tb_context *cx, u32 a, u64 b, u32 c) {
  (void)cx;
  return (u64)(s64)(s32)a + b + (u64)(s64)(s32)c;
}

double test_native_mean(struct tb_context *cx, double a, float b);
double test_native_mean(struct tb_context *cx, double a, float b) {
  (void)cx;
  return (a + (double)b) / 2;
}

u32 test_native_divide(struct tb_context *cx, u64 a, u64 b, u64 *result);
u32 test_native_divide(struct tb_context *cx, u64 a, u64 b, u64 *result) {
  (void)cx;
  if (!b) return 1;
  if ((s64)b < 0) return 2;
  s64 quotient = (s64)a / (s64)b;
  *result = (u64)quotient - ((s64)a % (s64)b < 0);
  return 0;
}

u32 test_native_sum(struct tb_context *cx, u32 at, u32 count, u32 *result);
u32 test_native_sum(struct tb_context *cx, u32 at, u32 count, u32 *result) {
  u64 bytes;
  const u8 *memory = tb_plugin_memory(cx, &bytes);
  if ((u64)at + count > bytes) return 1;
  u32 sum = 0;
  for (u32 index = 0; index < count; index++) sum += memory[at + index];
  *result = sum;
  return 0;
}

u32 test_native_fill(struct tb_context *cx, u32 at, u32 value, u32 count);
u32 test_native_fill(struct tb_context *cx, u32 at, u32 value, u32 count) {
  u64 bytes;
  u8 *memory = tb_plugin_memory(cx, &bytes);
  if ((u64)at + count > bytes) return 1;
  for (u32 index = 0; index < count; index++) memory[at + index] = (u8)value;
  return 0;
}

double test_native_twice(struct tb_context *cx, u32 a, double b);
double test_native_twice(struct tb_context *cx, u32 a, double b) {
  (void)cx;
  return 2 * (b + (double)(s32)a);
}
