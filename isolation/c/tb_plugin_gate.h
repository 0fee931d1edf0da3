/* Interface `plugin-gate`: native code of plug-ins is called with fewer rights than the engine has. */
#ifndef TB_PLUGIN_GATE_H
#define TB_PLUGIN_GATE_H
#include "tb_plugin.h"

/* The words that go across, TB_PLUGIN_WORDS of them: in memory that plug-ins can write. Where linear memory is, is said. */
u64 *tb_plugin_words(struct tb_context *cx);

/* Calls the function with the rights of plug-ins, and gives what it gives. */
u64 tb_plugin_cross(u64 (*function)(u64 *words), u64 *words);

/* A plug-in has given what it cannot give: the program ends. */
_Noreturn void tb_plugin_failed(struct tb_context *cx);

#endif
