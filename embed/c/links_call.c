/* Calls from one instance to another: each has its own stack and its own fuel; interruption and traps pass. */
#include "tb_links.h"
#include "tb_host.h"

static u32 tb_links_call(struct tb_context *cx, struct tb_origin to, const struct tb_export *types) {
  struct tb_embedded *from = tb_embedded(cx);
  struct tb_context *inner = tb_links_context(to.in);
  u32 parameters = types->counts & 0xffff, results = types->counts >> 16, left;
  int status = TBLVM_TRAPPED;
  if (to.in->dead) return 1;
  from->host = types;
  tb_links_globals(cx, 0);
  to.in->lock->count++;
  cell *base = tb_embed_frame(to.in, to.index, &left);
  if (base) {
    for (u32 i = 0; i < parameters; i++) base[i] = tb_host_arguments(cx)[i];
    /* Whoever interrupts sets one flag and then looks for the other one; here it is the other way round. */
    __atomic_store_n(&cx->links->callee, to.in, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cx->interrupted, __ATOMIC_SEQ_CST)) inner->interrupted = 1;
    status = tb_embed_go(to.in, to.index, base, left);
    __atomic_store_n(&cx->links->callee, 0, __ATOMIC_SEQ_CST);
  }
  for (u32 i = 0; i < results && status == TBLVM_OK; i++) tb_host_results(cx)[i] = to.in->results[i];
  tb_embed_give(to.in);
  tb_links_globals(cx, 1);
  from->host = 0;
  if (status == TBLVM_OK || (status == TBLVM_HALTED && !results && !to.in->exited)) return 0;
  from->passed = to.in;
  return 1;
}

u32 tb_links_bound_call(struct tb_context *cx, const struct tb_binding *to, const struct tb_export *types) {
  return tb_links_call(cx, (struct tb_origin){to->from, to->index}, types);
}

u32 tb_links_is_foreign(struct tb_context *cx, u32 import) { return import == cx->links->import; }

u32 tb_links_foreign_call(struct tb_context *cx) {
  struct tb_links *links = cx->links;
  u32 row = (u32)(cx->function - tb_functions(cx));
  return tb_links_call(cx, links->origins[row - links->functions], tb_embed_type(cx, tb_function_types(cx)[row]));
}

struct tb_embedded *tb_links_passed(struct tb_context *cx, u32 trap) {
  struct tb_embedded *instance = tb_embedded(cx), *passed = trap == TB_TRAP_HOST_FAILED ? instance->passed : 0;
  instance->passed = 0;
  return passed;
}

u32 tb_links_foreign(struct tb_context *cx, u32 function) { return function >= cx->links->functions; }
u32 tb_links_given(struct tb_context *cx, u32 kind) { return cx->links->given[kind]; }
u32 tb_links_functions(struct tb_context *cx) { return cx->links->functions; }
u32 tb_links_function_type(struct tb_context *cx, u32 function) { return tb_function_types(cx)[function]; }

void tb_links_interrupt(struct tb_context *cx) {
  for (u32 i = 0; cx && cx->links && i < TB_EMBED_NESTING; i++) {
    struct tb_embedded *next = __atomic_load_n(&cx->links->callee, __ATOMIC_SEQ_CST);
    if (!next) return;
    cx = tb_links_context(next);
    __atomic_store_n(&cx->interrupted, 1, __ATOMIC_SEQ_CST);
  }
}
