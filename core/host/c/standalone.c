/* Interface `host` where nobody is there: what programs import is in micro-libraries. */
#include "tb_native.h"

u32 tb_host_call(struct tb_context *cx, u32 import) { return TB_NATIVE_CALL(cx, TB_NATIVE(cx, import)); }
