/* What the platform layer of C programs takes from the C library: ISO C's, and a little of POSIX where the system
 * says that it has it. Without POSIX nobody can tell whether there is input but by reading it. */
#ifndef TB_LIBC_H
#define TB_LIBC_H

#if (defined __unix__ || defined __APPLE__) && !defined TB_ISO_C
#define TB_POSIX 1
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <sys/resource.h>
#include <unistd.h>
#else
#define TB_POSIX 0
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tb_platform.h"

/* The stream behind a descriptor: 0, 1, 2, or what open gave; null where there is none. */
FILE *tb_libc_stream(int descriptor);

/* What a function of the C library found wrong, as a negative number. */
static inline TB_UNUSED long tb_libc_error(void) { return errno > 0 ? -(long)errno : -5; /* EIO */ }

#endif
