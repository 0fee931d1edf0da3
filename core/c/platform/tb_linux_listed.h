/* Which system calls a program can make while it runs: in plans where TB_CALLS_LISTED is 1, each place that makes one
 * leaves its number in a section that belongs to its function's. The linker drops it with the function, so what is between
 * tb_calls and tb_calls_end is what the executable can do, and nobody keeps a list. */
#ifndef TB_LINUX_LISTED_H
#define TB_LINUX_LISTED_H

#if TB_CALLS_LISTED
#define TB_LINUX_LISTED(number)                                                                                  \
  __asm__ volatile(".Ltb_call_%=: .pushsection .rodata.tb_calls,\"ao\",%%progbits,.Ltb_call_%=\n"                \
                   "  .p2align 2\n  .long %c0\n  .popsection"                                                    \
                   :                                                                                             \
                   : "i"(number))
#define tb_linux_call3(number, ...) (__extension__({ TB_LINUX_LISTED(number); (tb_linux_call3)(number, __VA_ARGS__); }))
#define tb_linux_call6(number, ...) (__extension__({ TB_LINUX_LISTED(number); (tb_linux_call6)(number, __VA_ARGS__); }))
#else
#define TB_LINUX_LISTED(number) ((void)0)
#endif

/* The same calls, on no list: those that are made before the program starts, and never again. */
#define tb_linux_early3 (tb_linux_call3)
#define tb_linux_early6 (tb_linux_call6)

/* Memory is mapped before it starts, unless it runs others. */
#ifndef TB_MAPS_LATER
#define TB_MAPS_LATER 0
#endif
#define TB_LINUX_MAPPED()                             \
  do {                                                \
    if (TB_MAPS_LATER) TB_LINUX_LISTED(TB_LINUX_MMAP); \
  } while (0)

#endif
