/* Strings that are made while the program runs: objects on the heap, Latin-1 where that is enough. */
#ifndef TB_UTF8_H
#define TB_UTF8_H
#include "tb.h"

/* A string of so many bytes of UTF-8, which are not on the heap; what is malformed becomes U+FFFD, as in
 * Java. 0 when there is no memory. */
tb_ref tb_string_from_utf8(struct tb_context *cx, const u8 *bytes, u32 count);

#endif
