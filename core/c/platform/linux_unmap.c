/* Memory that is given back. */
#include "tb_linux_cpu.h"
#include "tb_platform.h"

void tb_platform_unmap(void *address, u64 bytes) {
  tb_linux_call3(TB_LINUX_MUNMAP, (long)address, (long)bytes, 0);
}
