/* Interface `arguments`: words of the process. Programs that others run have none. */
#include "tb_process.h"

struct tb_words tb_given_arguments(struct tb_context *cx) {
  struct tb_words words = {tb_process_words(cx), tb_process_count(cx)};
  return words;
}
