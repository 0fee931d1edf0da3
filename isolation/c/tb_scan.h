/* The scanner: where in machine code there is an instruction that no guest may have (isolation/scan.py says which and
 * why). Freestanding; needs nothing of a composed runtime. */
#ifndef TB_SCAN_H
#define TB_SCAN_H
#include <stdint.h>
#ifndef TB_SCAN_API
#define TB_SCAN_API
#endif

/* The first place at `from` or behind it where a forbidden instruction's opcode lies wholly in the `bytes` bytes of `code`:
 * its offset, `bytes` where there is none. Every byte is looked at as a beginning; to find all, go on at the
 * next offset. kind: gets the instruction's number in the table; may be null. */
TB_SCAN_API uint64_t tb_scan_next(const uint8_t *code, uint64_t bytes, uint64_t from, uint32_t *kind);

/* The instruction's mnemonic, "" for a number that is none. */
TB_SCAN_API const char *tb_scan_name(uint32_t kind);

#endif
