/* Interface `platform`: all that the runtime asks of the operating system. Only these functions make
 * system calls. The platform layer's start-up code calls tb_entry, which interface `entry` fills. */
#ifndef TB_PLATFORM_H
#define TB_PLATFORM_H
#include "tb.h"

/* Bytes written or read; negative for an error, -4 (EINTR) where a signal came in between. */
long tb_platform_write(int descriptor, const void *from, u64 bytes);
long tb_platform_read(int descriptor, void *to, u64 bytes);
/* Zeroed memory, aligned to a page, at exactly *address* unless that is null. Where there is none, the first ends
 * the process with a message, the second gives null. Most of it is never given back. */
void *tb_platform_map(void *address, u64 bytes);
void *tb_platform_try_map(void *address, u64 bytes);
void tb_platform_unmap(void *address, u64 bytes);
/* Of platforms with interface `guard-pages`, which have tb_faults.h too. Addresses without memory, where every access
 * faults; null where the system has none. The first `bytes` of them can be used from now on, those that are new as
 * zeros; 0 where the system gives no memory. Faults of the accesses in such a table go on at their labels: in a
 * process of its own, and in one that has other business, whose handlers go on to be called. */
void *tb_platform_reserve(u64 bytes);
u32 tb_platform_use(void *at, u64 bytes);
void tb_platform_on_faults(const s32 *table);
void tb_platform_share_faults(const s32 *table);
/* Ends the process with status 134, behind a message on standard error. */
_Noreturn void tb_platform_fail(const char *message, u64 bytes);
_Noreturn void tb_platform_exit(int status);
/* Sets *flag to 1 when *milliseconds* have passed (0: never by itself) or the process gets SIGALRM; what
 * blocks then, or later, comes back with -4. Once it was called, another flag can take over. */
void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag);
void tb_platform_interrupt_flag(volatile u32 *flag);

/* Nanoseconds: since 1970 began, or since a moment that stays the same while the program runs. */
enum { TB_CLOCK_REAL = 0, TB_CLOCK_STEADY = 1 };
u64 tb_platform_clock(u32 which);
/* Waits until so many nanoseconds have passed or *descriptor* (-1: none) has input or its end, for as long
 * as no signal comes: 1 for input, 0 when the time has passed, -4 for a signal, or another negative
 * number for an error. */
int tb_platform_wait(u64 nanoseconds, int descriptor);

/* A descriptor to read the file at *path* from; negative for an error. */
long tb_platform_open(const char *path);
/* Makes or empties a file and gives a descriptor to write it; negative for an error. Closing it: 0, or
 * negative for an error. */
long tb_platform_open_write(const char *path);
long tb_platform_close(int descriptor);
/* Gives a file another name, in place of what has it; removes a file. 0, or negative for an error. */
long tb_platform_rename(const char *from, const char *to);
long tb_platform_remove(const char *path);

/* Bytes of memory that the machine has, 0 when it does not say; processors that this process may use. */
u64 tb_platform_memory(void);
u32 tb_platform_cores(void);
/* Bytes of native stack that the process's first thread may take, as the system has it; 0 when it does not say. Asked
 * before walls are up. */
u64 tb_platform_native_stack(void);

/* start: where the system has put the number of arguments (a long), and behind it pointers to them. */
_Noreturn void tb_entry(const void *start);

#endif
