/* Leaving many calls at once, as a C library does it: sanitizers know about that. */
#ifndef TB_JUMP_H
#define TB_JUMP_H
#include "tb.h"

#include <setjmp.h>

struct tb_jump {
  jmp_buf kept;
};

#define tb_jump_set(jump) setjmp((jump)->kept)
#define tb_jump_to(jump) longjmp((jump)->kept, 1)

#endif
