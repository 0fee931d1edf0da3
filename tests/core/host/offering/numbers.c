#include "tb_native.h"

u32 tb_tests_twice(struct tb_context *cx, u32 a) { return (void)cx, 2 * a; }
double tb_tests_mixed(struct tb_context *cx, u32 a, u64 b, float c, double d) { return (void)cx, (double)(s32)a + (double)(s64)b + c + d; }
u64 tb_tests_long(struct tb_context *cx, u64 a) { return (void)cx, a * 1000003u; }
float tb_tests_half(struct tb_context *cx, float a) { return (void)cx, a / 2; }
void tb_tests_nothing(struct tb_context *cx) { (void)cx; }
u32 tb_tests_dividing(struct tb_context *cx, u32 a, u32 b, u32 *result) {
  (void)cx;
  if (!b) return TB_NATIVE_FAILED;
  *result = a / b;
  return TB_NATIVE_DONE;
}
