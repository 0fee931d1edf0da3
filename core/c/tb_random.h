/* Interface `random-bytes`: bytes that nobody can foretell. */
#ifndef TB_RANDOM_H
#define TB_RANDOM_H
#include "tb.h"

/* Bytes that are new at *to*, at least one; negative for an error, -4 (EINTR) where a signal came in between. */
long tb_platform_random(void *to, u64 bytes);

#endif
