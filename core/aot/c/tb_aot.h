/* What functions of engine `aot` share. */
#ifndef TB_AOT_H
#define TB_AOT_H
#include "tb.h"

/* What stands behind it is rarely executed, and no part of it is computed before: compilers would join such places
 * with constants that they set on the way. */
#if defined __GNUC__ && !defined TB_ISO_C
#define TB_AOT_RARELY() __asm__ volatile("")
#else
#define TB_AOT_RARELY() ((void)0)
#endif

/* A call in place of the present function, of the same type: a jump where compilers can promise it. Others make one of it
 * when they optimise, or the native stack ends in a trap. */
#if defined __clang__ && !defined TB_ISO_C && __has_attribute(musttail) && \
    (defined __x86_64__ || defined __aarch64__ || defined __riscv)
#define TB_AOT_TAIL __attribute__((musttail)) return
#else
#define TB_AOT_TAIL return
#endif

/* The native stack's end is looked at where a function calls itself, by way of others too. */
#if defined __GNUC__ && !defined TB_ISO_C && defined __x86_64__
__extension__ register uptr tb_aot_native __asm__("rsp");
#define TB_AOT_HERE() tb_aot_native
#elif defined __GNUC__ && !defined TB_ISO_C && (defined __aarch64__ || defined __riscv)
__extension__ register uptr tb_aot_native __asm__("sp");
#define TB_AOT_HERE() tb_aot_native
#else
static inline TB_UNUSED uptr tb_aot_here(void) {
  volatile uptr here = 0;
  here = (uptr)&here;
  return here;
}
#define TB_AOT_HERE() tb_aot_here()
#endif
#define TB_AOT_DEEP(cx) (TB_AOT_HERE() < (cx)->native_end)

/* Who is entered within another call has the end of that one: of the same stack. */
static inline TB_UNUSED void tb_aot_enter(struct tb_context *cx) {
  uptr here = TB_AOT_HERE();
  if (here - cx->native_end > cx->native_room) cx->native_end = here - (uptr)cx->native_room;
}

#endif
