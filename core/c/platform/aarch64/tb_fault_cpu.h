/* Accesses that may fault, on AArch64. A store over the edge of two pages may have written in the first one when the
 * second one faults: before it the last byte is read, and then nothing faults any more. */
#ifndef TB_FAULT_CPU_H
#define TB_FAULT_CPU_H

#define TB_FAULT_LOAD_u8 "ldrb %w0"
#define TB_FAULT_LOAD_s8 "ldrsb %w0"
#define TB_FAULT_LOAD_u16 "ldrh %w0"
#define TB_FAULT_LOAD_s16 "ldrsh %w0"
#define TB_FAULT_LOAD_u32 "ldr %w0"
#define TB_FAULT_LOAD_u64 "ldr %x0"
#define TB_FAULT_STORE_u8 "strb %w1, [%x0]\n"
#define TB_FAULT_STORE_u16 "ldrb wzr, [%x0, #1]\n  strh %w1, [%x0]\n"
#define TB_FAULT_STORE_u32 "ldrb wzr, [%x0, #3]\n  str %w1, [%x0]\n"
#define TB_FAULT_STORE_u64 "ldrb wzr, [%x0, #7]\n  str %x1, [%x0]\n"

#define TB_FAULTING_LOAD(kind, result, base, offset, label)                         \
  __asm__ goto("1: " TB_FAULT_LOAD_##kind ", [%x1, %x2]\n" TB_FAULTS_ROW(1, label)  \
               : "=r"(result)                                                       \
               : "r"(base), "r"(offset)                                             \
               : "memory"                                                           \
               : label)
#define TB_FAULTING_STORE(kind, base, offset, value, label)                         \
  __asm__ goto("1: " TB_FAULT_STORE_##kind TB_FAULTS_ROW(1, label)                  \
               :                                                                    \
               : "r"((base) + (offset)), "r"((kind)(value))                         \
               : "memory"                                                           \
               : label)

#endif
