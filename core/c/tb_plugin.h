/* What native code of plug-ins reaches that may run behind a gate, with the rights of plug-ins: its arguments, and linear
 * memory. Behind a gate a context is not the engine's: all that it can be used for is this. */
#ifndef TB_PLUGIN_H
#define TB_PLUGIN_H
#include "tb.h"

/* What is handed over behind a gate, in memory that plug-ins can write: the linear memory, and from word 2 on
 * arguments, then a result in the first of them. */
enum { TB_PLUGIN_MEMORY, TB_PLUGIN_BYTES, TB_PLUGIN_ARGUMENTS, TB_PLUGIN_WORDS = 32 };

/* The first byte of linear memory 0, and how many there are: null and 0 where there are none. Who uses it requires
 * interface `linear-memory`. Whatever a program says about
 * places in it is to be compared with the bytes. */
static inline TB_UNUSED u8 *tb_plugin_memory(struct tb_context *cx, u64 *bytes) {
#ifdef TB_GATED
  const u64 *words = (const u64 *)(const void *)cx;
  *bytes = words[TB_PLUGIN_BYTES];
  return (u8 *)(uptr)words[TB_PLUGIN_MEMORY];
#else
  u8 *memory = TB_LINEAR_LOOK(cx, 0u, bytes);
  return *bytes ? memory : 0;
#endif
}

#endif
