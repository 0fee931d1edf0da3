/* Interface `platform`: all that the runtime asks of the operating system. Only these functions make
 * system calls. The platform layer's start-up code calls tb_entry, which interface `entry` fills. */
#ifndef TB_PLATFORM_H
#define TB_PLATFORM_H
#include "tb.h"

/* Bytes written or read; negative for an error, -4 (EINTR) where a signal came in between. */
long tb_platform_write(int descriptor, const void *from, u64 bytes);
long tb_platform_read(int descriptor, void *to, u64 bytes);
/* Zeroed memory, aligned to a page, at exactly *address* unless that is null; null when there is none.
 * It is never given back. */
void *tb_platform_map(void *address, u64 bytes);
_Noreturn void tb_platform_exit(int status);
/* Sets *flag to 1 when *milliseconds* have passed (0: never by itself) or the process gets SIGALRM; what
 * blocks then, or later, comes back with -4. */
void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag);

_Noreturn void tb_entry(void);

#endif
