#include "tb_native.h"

u32 tb_tests_end(struct tb_context *cx, u32 status) {
  TB_EXIT_STATUS(cx) = status;
  return TB_NATIVE_ENDED;
}
