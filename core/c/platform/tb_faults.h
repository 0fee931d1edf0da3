/* Accesses that may fault, as an engine prints them: where the system stops one, execution goes on at a label of the
 * same function, with all registers as they were. They cost nothing where nothing goes wrong, and state need not be
 * stored before them. Linux's own accesses to what users give it work like this (exception tables).
 *
 * tb_faults, s32: how many bytes it has, then for each access two distances, each from where it stands itself: to the
 * instruction, to the label. Accesses are in subsection 1 of the section, its end is in 2: the assembler puts them
 * in this order. */
#ifndef TB_FAULTS_H
#define TB_FAULTS_H
#include "tb.h"

#define TB_FAULTS_SECTION(subsection) "  .pushsection .rodata.tb_faults, " #subsection ", \"a\", %%progbits\n"
#define TB_FAULTS_ROW(place, label) \
  TB_FAULTS_SECTION(1) "  .long " #place "b - .\n  .long %l[" #label "] - .\n  .popsection\n"

__asm__("  .pushsection .rodata.tb_faults, 0, \"a\", %progbits\n"
        "  .balign 4\n"
        "  .globl tb_faults\n"
        "  .hidden tb_faults\n"
        "tb_faults:\n"
        "  .long .Ltb_faults_end - tb_faults\n"
        "  .popsection\n"
        "  .pushsection .rodata.tb_faults, 2, \"a\", %progbits\n"
        ".Ltb_faults_end:\n"
        "  .popsection\n");

/* TB_FAULTING_LOAD(kind, result, base, offset, label): result = the kind (u8, s8, u16, s16, u32, u64) at base + offset,
 * which need not be aligned; sign-extended to 32 bits. TB_FAULTING_STORE(kind, base, offset, value, label): the other
 * way round, for kinds without a sign; where it faults, no byte is written. */
#include "tb_fault_cpu.h"

#endif
