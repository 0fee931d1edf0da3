/* Calls from the host. */
#include "tb_embed.h"
#include "tb_entry.h"

uint64_t *tblvm_slots(tblvm_context *context) { return tb_embedded(tb_embed_context(context))->slots; }

void tb_embed_shape(struct tb_embedded *instance, const u32 *types, u32 count) {
  for (u32 i = 0; i < instance->shape_count; i++) instance->held[i] = 0;
  instance->shape = types;
  instance->shape_count = count;
}

u32 tb_embed_fits(const struct tb_embedded *instance, const u32 *types, u32 count) {
  for (u32 i = 0; i < count; i++) {
    if (!instance->slots[i]) continue;
    if (TB_TYPED_CODE(types[i]) == TB_TYPE_FUNCTION) return 0;
    if (!TB_TYPED_REFERENCE(types[i])) continue;
    if (i >= instance->shape_count || TB_TYPED_CODE(instance->shape[i]) != TB_TYPED_CODE(types[i])) return 0;
    if (instance->slots[i] != instance->held[i]) return 0;
  }
  return 1;
}

void tb_embed_finish(struct tb_embedded *instance) {
  if (instance->unfinished) tb_finish(&instance->it.context);
  instance->unfinished = 0;
}

/* Runs a function whose arguments are in the slots. */
static int tb_embed_run(struct tb_embedded *instance, u32 function, const u32 *types, u32 parameters) {
  struct tb_context *cx = &instance->it.context;
  cx->cells_left = TB_STACK_CELLS;
  cx->interrupted = 0;
  instance->trap = instance->stopped = 0;
  instance->unfinished = 1;
  if (tb_functions(cx)[function].cells > cx->cells_left) {
    instance->trap = TB_TRAP_STACK_OVERFLOW;
    return TBLVM_TRAPPED;
  }
  for (u32 i = 0; i < parameters; i++) cx->stack_base[i] = (cell)tb_embed_narrow(types[i], instance->slots[i]);
  tb_embed_shape(instance, 0, 0);
  volatile u32 *outer = tb_embed_begin(cx);
  u32 trap = tb_run(cx, function);
  tb_embed_end(outer);
  tb_before_block(cx);
  u32 exited = TB_EXITED(cx, trap);
  instance->trap = exited ? 0 : trap;
  instance->stopped = instance->trap != 0;
  if (!instance->stopped) cx->fp = 0;
  return instance->trap ? TBLVM_TRAPPED : exited ? TBLVM_HALTED : TBLVM_OK;
}

int tblvm_begin(tblvm_context *context) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int status = tb_embed_take(instance);
  if (status) return status;
  if (TB_START_FUNCTION(cx) != TB_NO_FUNCTION && !instance->begun) {
    instance->begun = 1;
    status = tb_embed_run(instance, TB_START_FUNCTION(cx), 0, 0);
    /* A function that returns gives its cells back. */
    if (!status && cx->cells_left != TB_STACK_CELLS) status = TBLVM_HALTED;
  }
  tb_embed_give(instance, TB_EMBED_IDLE);
  return status;
}

int tblvm_call(tblvm_context *context, uint32_t function) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int status = tb_embed_take(instance);
  if (status) return status;
  const struct tb_export *row = tb_embed_export(cx, function);
  u32 parameters = row ? row->counts & 0xffff : ~0u, results = row ? row->counts >> 16 : 0;
  const u32 *types = row ? tb_exports(cx) + row->types : 0;
  /* What the slots of references hold is looked at; numbers are what they are. */
  if (parameters > TBLVM_SLOTS || results > TBLVM_SLOTS || !tb_embed_fits(instance, types, parameters))
    status = TBLVM_MISUSED;
  else
    status = tb_embed_run(instance, row->function, types, parameters);
  if (status == TBLVM_OK && results) {
    if (cx->sp == cx->stack_base) status = TBLVM_HALTED;
    tb_embed_shape(instance, types + parameters, status ? 0 : results);
    for (u32 i = 0; i < instance->shape_count; i++) {
      instance->slots[i] = tb_embed_narrow(instance->shape[i], cx->stack_base[i]);
      instance->held[i] = TB_TYPED_REFERENCE(instance->shape[i]) ? (tb_ref)instance->slots[i] : 0;
    }
  }
  tb_embed_give(instance, TB_EMBED_IDLE);
  return status;
}

u32 tb_embed_report(struct tb_context *cx, u32 trap) {
  (void)cx;
  return trap ? (u32)tb_trap_rows[trap - 1].status : 0;
}

int tblvm_run(tblvm_context *context, int *exit_status) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int status = tb_embed_take(instance);
  if (status) return status;
  status = tb_embed_run(instance, TB_ENTRY(cx), 0, 0);
  tb_embed_finish(instance);
  if (status == TBLVM_HALTED) {
    *exit_status = (int)TB_EXIT_STATUS(cx);
    status = TBLVM_OK;
  } else {
    *exit_status = tb_status(cx, instance->trap);
  }
  tb_embed_give(instance, TB_EMBED_IDLE);
  return status;
}

int tblvm_enter(const tblvm_bound *bound) { return tblvm_call(bound->context, bound->function); }
