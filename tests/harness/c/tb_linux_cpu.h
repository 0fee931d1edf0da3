/* System calls that no C library has in a form of use here. */
#ifdef __x86_64__
#include "../../../core/c/platform/x86_64/tb_linux_cpu.h"
#else
#include "../../../core/c/platform/aarch64/tb_linux_cpu.h"
#endif
