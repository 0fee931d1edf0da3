/* WASI preview 1: numbers of `wasi_snapshot_preview1` that its functions share, and memory of the program.
 *
 * Functions are tb_p1_<name>: they take what the program gave, and give an error number. Nothing that a program gives is
 * believed: places in its memory are looked at before anything is done. Numbers and layouts are those of the
 * specification (WebAssembly/WASI, legacy/preview1/docs.md). */
#ifndef TB_P1_H
#define TB_P1_H
#include "tb.h"

enum {
  TB_P1_SUCCESS = 0,
  TB_P1_ACCES = 2,
  TB_P1_BADF = 8,
  TB_P1_EXIST = 20,
  TB_P1_FAULT = 21,
  TB_P1_INTR = 27,
  TB_P1_INVAL = 28,
  TB_P1_IO = 29,
  TB_P1_LOOP = 32,
  TB_P1_MFILE = 33,
  TB_P1_NAMETOOLONG = 37,
  TB_P1_NOENT = 44,
  TB_P1_NOSYS = 52,
  TB_P1_NOTDIR = 54,
  TB_P1_NOTSOCK = 57,
  TB_P1_NOTSUP = 58,
  TB_P1_OVERFLOW = 61,
  TB_P1_PERM = 63,
  TB_P1_PIPE = 64,
  TB_P1_SPIPE = 70,
  TB_P1_NOTCAPABLE = 76,
};

/* `bytes` bytes of the program's memory 0, null where it does not have them all. */
static inline TB_UNUSED u8 *tb_p1_at(struct tb_context *cx, u32 at, u64 bytes) {
  u64 size = 0;
  u8 *memory = TB_LINEAR_LOOK(cx, 0, &size);
  return memory && at <= size && bytes <= size - at ? memory + at : 0;
}

#endif
