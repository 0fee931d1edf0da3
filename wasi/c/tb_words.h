/* Interfaces `arguments` and `environment`: words that whoever runs a program lets it have. */
#ifndef TB_WORDS_H
#define TB_WORDS_H
#include "tb_p1.h"

struct tb_words {
  const char *const *at;
  u32 count;
};

/* The program's name and its arguments; NAME=VALUE for each variable. */
struct tb_words tb_given_arguments(struct tb_context *cx);
struct tb_words tb_given_environment(struct tb_context *cx);

/* What args_sizes_get and args_get do, and those of the environment. */
u32 tb_p1_words_sizes(struct tb_context *cx, struct tb_words words, u32 count_at, u32 bytes_at);
u32 tb_p1_words_get(struct tb_context *cx, struct tb_words words, u32 pointers, u32 bytes_at);

#endif
