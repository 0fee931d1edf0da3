/* environ_sizes_get, environ_get. */
#include "tb_words.h"

u32 tb_p1_environ_sizes_get(struct tb_context *cx, u32 count_at, u32 bytes_at) {
  return tb_p1_words_sizes(cx, tb_given_environment(cx), count_at, bytes_at);
}

u32 tb_p1_environ_get(struct tb_context *cx, u32 pointers, u32 bytes_at) {
  return tb_p1_words_get(cx, tb_given_environment(cx), pointers, bytes_at);
}
