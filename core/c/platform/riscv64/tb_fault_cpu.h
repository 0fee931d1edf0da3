/* Accesses that may fault, on RISC-V. A store over the edge of two pages may have written in the first one when the
 * second one faults: before it the last byte is read, and then nothing faults any more. */
#ifndef TB_FAULT_CPU_H
#define TB_FAULT_CPU_H

#define TB_FAULT_LOAD_u8 "lbu"
#define TB_FAULT_LOAD_s8 "lb"
#define TB_FAULT_LOAD_u16 "lhu"
#define TB_FAULT_LOAD_s16 "lh"
#define TB_FAULT_LOAD_u32 "lw"
#define TB_FAULT_LOAD_u64 "ld"
#define TB_FAULT_STORE_u8 "sb %1, 0(%0)\n"
#define TB_FAULT_STORE_u16 "lbu zero, 1(%0)\n  sh %1, 0(%0)\n"
#define TB_FAULT_STORE_u32 "lbu zero, 3(%0)\n  sw %1, 0(%0)\n"
#define TB_FAULT_STORE_u64 "lbu zero, 7(%0)\n  sd %1, 0(%0)\n"

#define TB_FAULTING_LOAD(kind, result, base, offset, label)                         \
  __asm__ goto("1: " TB_FAULT_LOAD_##kind " %0, 0(%1)\n" TB_FAULTS_ROW(1, label)    \
               : "=r"(result)                                                       \
               : "r"((base) + (offset))                                             \
               : "memory"                                                           \
               : label)
#define TB_FAULTING_STORE(kind, base, offset, value, label)                         \
  __asm__ goto("1: " TB_FAULT_STORE_##kind TB_FAULTS_ROW(1, label)                  \
               :                                                                    \
               : "r"((base) + (offset)), "r"((kind)(value))                         \
               : "memory"                                                           \
               : label)

#endif
