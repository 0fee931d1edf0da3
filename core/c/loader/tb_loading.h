/* Interface `module-loading`: a module from its file's bytes to a program that can start. */
#ifndef TB_LOADING_H
#define TB_LOADING_H
#include "tb_module.h"

/* Checks, verifies and links the module whose file is in *module*, and makes the tables; refuses it otherwise. */
void tb_module_load(struct tb_context *cx, struct tb_module *module);

/* What stands behind the file's name in the message of a refusal; hands it in pieces to whoever refuses. */
void tb_module_refusal(struct tb_module *module, const char *message);
void tb_module_refusal_put(struct tb_module *module, const void *text, u64 bytes);

#endif
