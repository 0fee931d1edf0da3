#include "tb_plugin_gate.h"
#include "tb_platform.h"

u64 *tb_plugin_words(struct tb_context *cx) {
  /* Of a value that no argument has: what is not handed over is not read. */
  static u64 words[TB_PLUGIN_WORDS];
  for (u32 index = 0; index < TB_PLUGIN_WORDS; index++) words[index] = 0xdeadbeefdeadbeefu;
  words[TB_PLUGIN_MEMORY] = (uptr)TB_LINEAR_LOOK(cx, 0u, &words[TB_PLUGIN_BYTES]);
  return words;
}

u64 tb_plugin_cross(u64 (*function)(u64 *words), u64 *words) { return function(words); }

_Noreturn void tb_plugin_failed(struct tb_context *cx) {
  TB_FAIL(cx, "a plug-in gave what it cannot give");
  __builtin_trap();
}
