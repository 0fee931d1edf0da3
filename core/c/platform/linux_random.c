/* Random bytes. */
#include "tb_linux_cpu.h"
#include "tb_random.h"

long tb_platform_random(void *to, u64 bytes) { return tb_linux_call3(TB_LINUX_GETRANDOM, (long)to, (long)bytes, 0); }
