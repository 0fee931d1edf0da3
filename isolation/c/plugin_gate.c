/* Interface `plugin-gate` behind protection keys: native code of plug-ins has the rights of linear memory. */
#include "tb_guest.h"
#include "tb_guest_here.h"
#include "tb_keys_record.h"
#include "tb_platform.h"
#include "tb_plugin_gate.h"

/* Behind the words that go across: what was lent last. A plug-in can write that too, and so have its host lend the same
 * memory again, or be stopped at it. */
enum { TB_PLUGIN_LENT = TB_PLUGIN_WORDS, TB_PLUGIN_LENT_BYTES };

/* They lie at the lower end of the stack of plug-ins, which the upper end is far from: a plug-in that gets there spoils its
 * own words. */
u64 *tb_plugin_words(struct tb_context *cx) {
  u8 *record;
  __asm__("movq %%gs:0, %0" : "=r"(record));
  u64 *words = (u64 *)(void *)(record + TB_KEYS_PLUGIN), bytes;
  u64 memory = (uptr)TB_LINEAR_LOOK(cx, 0u, &bytes);
  if (!bytes) memory = 0;
  if (bytes && (words[TB_PLUGIN_LENT] != memory || words[TB_PLUGIN_LENT_BYTES] != bytes)) {
    tb_guest_ask(tb_guest_here(), TB_ASK_LEND, memory, bytes);
    words[TB_PLUGIN_LENT] = memory;
    words[TB_PLUGIN_LENT_BYTES] = bytes;
  }
  words[TB_PLUGIN_MEMORY] = memory;
  words[TB_PLUGIN_BYTES] = bytes;
  return words;
}

u64 tb_plugin_cross(u64 (*function)(u64 *words), u64 *words) {
  return tb_keys_plugin((void *)(uptr)function, (uptr)words, 0, 0, 0, 0, 0);
}

_Noreturn void tb_plugin_failed(struct tb_context *cx) {
  static const char message[] = "native code of a plug-in gave what it cannot give";
  (void)cx;
  tb_platform_fail(message, sizeof message - 1);
}
