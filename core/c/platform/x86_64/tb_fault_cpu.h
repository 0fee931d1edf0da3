/* Accesses that may fault, on x86-64. A store over the edge of two pages writes nothing where one of them faults. */
#ifndef TB_FAULT_CPU_H
#define TB_FAULT_CPU_H

#define TB_FAULT_LOAD_u8 "movzbl %1, %k0"
#define TB_FAULT_LOAD_s8 "movsbl %1, %k0"
#define TB_FAULT_LOAD_u16 "movzwl %1, %k0"
#define TB_FAULT_LOAD_s16 "movswl %1, %k0"
#define TB_FAULT_LOAD_u32 "movl %1, %k0"
#define TB_FAULT_LOAD_u64 "movq %1, %q0"
#define TB_FAULT_STORE_u8 "movb %b1, %0"
#define TB_FAULT_STORE_u16 "movw %w1, %0"
#define TB_FAULT_STORE_u32 "movl %k1, %0"
#define TB_FAULT_STORE_u64 "movq %q1, %0"

#define TB_FAULTING_LOAD(kind, result, base, offset, label)                  \
  __asm__ goto("1: " TB_FAULT_LOAD_##kind "\n" TB_FAULTS_ROW(1, label)       \
               : "=r"(result)                                                \
               : "m"(*(const kind *)(const void *)((base) + (offset)))       \
               :                                                             \
               : label)
#define TB_FAULTING_STORE(kind, base, offset, value, label)                  \
  __asm__ goto("1: " TB_FAULT_STORE_##kind "\n" TB_FAULTS_ROW(1, label)      \
               : "=m"(*(kind *)(void *)((base) + (offset)))                  \
               : "r"((kind)(value))                                          \
               :                                                             \
               : label)

#endif
