/* What the machine has: a module is not told. */
#include "tb_platform.h"

u64 tb_platform_memory(void) { return 0; }
u32 tb_platform_cores(void) { return 1; }
u64 tb_platform_native_stack(void) { return 0; }
