/* What the libraries of the plug-in `ledger` use of each other. */
#ifndef TB_LEDGER_H
#define TB_LEDGER_H
#include "tb.h"

enum { TB_LEDGER_HASH = 32, TB_LEDGER_BLOCK = 64 };

/* A SHA-256 under way: add bytes, then end it. */
struct tb_ledger_sha256 {
  u32 state[8];
  u64 bytes;
  u8 block[TB_LEDGER_BLOCK];
};
void tb_ledger_sha256_start(struct tb_ledger_sha256 *hash);
void tb_ledger_sha256_add(struct tb_ledger_sha256 *hash, const u8 *from, u32 count);
void tb_ledger_sha256_end(struct tb_ledger_sha256 *hash, u8 *digest);

/* *result: a new array with *content*, of the type that the array in the home slot *like* has. 0, or 1 where there
 * is no memory for it. A safepoint. */
u32 tb_ledger_give(struct tb_context *cx, const cell *like, const u8 *content, u32 size, tb_ref *result);

static inline TB_UNUSED const u8 *tb_ledger_bytes(struct tb_context *cx, tb_ref array) {
  return tb_object(cx, array) + TB_HEADER;
}

/* Where no library has transactions, none is open. */
#ifndef TB_LEDGER_OPEN
#define TB_LEDGER_OPEN(cx) 0u
#define TB_LEDGER_KEEP(cx, before) 0u
#endif

#endif
