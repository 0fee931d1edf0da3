/* Lists of words, as programs take them: arguments, environment. */
#include "tb_words.h"

static u32 tb_p1_length(const char *word) {
  u32 length = 0;
  while (word[length]) length++;
  return length + 1;
}

u32 tb_p1_words_sizes(struct tb_context *cx, struct tb_words words, u32 count_at, u32 bytes_at) {
  u8 *count = tb_p1_at(cx, count_at, 4), *bytes = tb_p1_at(cx, bytes_at, 4);
  if (!count || !bytes) return TB_P1_FAULT;
  u64 sum = 0;
  for (u32 i = 0; i < words.count; i++) sum += tb_p1_length(words.at[i]);
  if (sum > 0xffffffffu) return TB_P1_OVERFLOW;
  tb_store_u32(count, words.count);
  tb_store_u32(bytes, (u32)sum);
  return TB_P1_SUCCESS;
}

u32 tb_p1_words_get(struct tb_context *cx, struct tb_words words, u32 pointers, u32 bytes_at) {
  u8 *at = tb_p1_at(cx, pointers, 4 * (u64)words.count);
  if (!at) return TB_P1_FAULT;
  for (u32 i = 0; i < words.count; i++) {
    u32 bytes = tb_p1_length(words.at[i]);
    u8 *to = tb_p1_at(cx, bytes_at, bytes);
    if (!to) return TB_P1_FAULT;
    __builtin_memcpy(to, words.at[i], bytes);
    tb_store_u32(at + 4 * i, bytes_at);
    bytes_at += bytes; /* it was in the memory, which ends below 2**32, or at it: then nothing fits any more */
    if (!bytes_at && i + 1 < words.count) return TB_P1_FAULT;
  }
  return TB_P1_SUCCESS;
}
