/* What the machine around a program gives: opcodes of tblvm by their names, and WASI preview 1. */
#ifndef TB_HOST_H
#define TB_HOST_H
#include <stddef.h>
#include <stdint.h>

#define OPCODE(name) __attribute__((import_module("tblvm"), import_name(#name)))
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
/* What a program gets unless something that it uses brings along another definition. */
#define UNLESS_NEEDED __attribute__((weak, noinline))

OPCODE(PUTCHAR) void tb_putchar(int byte);
OPCODE(GETCHAR) int tb_getchar(void);
OPCODE(TIME_GET) uint32_t tb_time_get(int what);

#endif
