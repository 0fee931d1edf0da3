/* Interface `natives`: C functions of micro-libraries that programs import.
 *
 * Table natives, u32: for each import of the program the number of its function, from 1 on; 0 where no micro-library
 *     offers it, TB_NATIVE_OTHER where one does with other types. Where C finds a program's tables by their names there is
 *     one program, and an import has its own number, plus one: the table is not read, and not there. */
#ifndef TB_NATIVE_H
#define TB_NATIVE_H
#include "tb_host.h"

#define TB_NATIVE_OTHER 0xffffffffu

/* What a function gives that can end the program: nothing has happened; trap HOST_FAILED; the program ends with the
 * status that is in its store (host.exit). */
enum { TB_NATIVE_DONE, TB_NATIVE_FAILED, TB_NATIVE_ENDED };

/* What there is to import in a runtime that loads modules (generated): for each module its name, how many functions it
 * has, and for each of them its name, type codes of its parameters and of its results; behind all, an empty name. Names,
 * codes and numbers as in table imports. */
extern const u8 tb_native_rows[];

#endif
