/* args_sizes_get, args_get. */
#include "tb_words.h"

u32 tb_p1_args_sizes_get(struct tb_context *cx, u32 count_at, u32 bytes_at) {
  return tb_p1_words_sizes(cx, tb_given_arguments(cx), count_at, bytes_at);
}

u32 tb_p1_args_get(struct tb_context *cx, u32 pointers, u32 bytes_at) {
  return tb_p1_words_get(cx, tb_given_arguments(cx), pointers, bytes_at);
}
