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

u32 tb_embed_below(struct tb_context *cx, struct tb_place *place) {
  const struct tb_link *link = tb_frame_link(place->fp, place->function);
  if (link->function == TB_EMBED_NO_FRAME) return 0;
  place->pc = tb_load_u32(place->fp - 1);
  place->function = (const struct tb_function *)(const void *)((const u8 *)tb_functions(cx) + link->function);
  place->fp -= link->distance;
  return 1;
}

/* Where the frame of a call begins: at the bottom of the stack, or above the frame that runs, with a cell between for
 * that one's pc. *left: the cells that are left for it. */
static cell *tb_embed_base(struct tb_embedded *instance, u32 *left) {
  struct tb_context *cx = &instance->it.context;
  *left = TB_STACK_CELLS;
  if (!instance->depth) return cx->stack_base;
  *left = cx->cells_left ? cx->cells_left - 1 : 0;
  return cx->fp + tb_frame_here(cx).function->cells - TB_FRAME_COST + TB_LINK + 1;
}

/* The link of a function that is called, which the engine does not write but for its pc. */
static void tb_embed_link(struct tb_embedded *instance, cell *base, const struct tb_function *function) {
  struct tb_context *cx = &instance->it.context;
  struct tb_link *link = tb_frame_link(base, function);
  link->function = TB_EMBED_NO_FRAME;
  if (!instance->depth) return;
  struct tb_place here = tb_frame_here(cx);
  tb_store_u32(base - 1, here.pc);
  link->function = (u32)((const u8 *)here.function - (const u8 *)tb_functions(cx));
  link->distance = (u32)(base - cx->fp);
}

cell *tb_embed_frame(struct tb_embedded *instance, u32 function, u32 *left) {
  struct tb_context *cx = &instance->it.context;
  const struct tb_function *row = &tb_functions(cx)[function];
  cell *base = tb_embed_base(instance, left);
  if (!instance->depth) cx->interrupted = 0;
  instance->trap = instance->stopped = instance->exited = 0;
  instance->unfinished = 1;
  if (row->cells > *left || instance->lock->count > TB_EMBED_NESTING) {
    instance->trap = TB_TRAP_STACK_OVERFLOW;
    return 0;
  }
  /* Fuel is tested at each entry: of the host's calls, here. */
  if (cx->fuel < 0) {
    instance->trap = TB_TRAP_OUT_OF_FUEL;
    return 0;
  }
  tb_embed_link(instance, base, row);
  return base;
}

/* What stopped the call: its own trap, or one in another instance, of which it has the trace then. */
static void tb_embed_trapped(struct tb_embedded *instance, u32 trap) {
  struct tb_context *cx = &instance->it.context;
  const struct tb_embedded *passed = TB_LINKS ? tb_links_passed(cx, trap) : 0;
  instance->exited = passed ? passed->exited : TB_EXITED(cx, trap) != 0;
  instance->trap = passed ? passed->trap : instance->exited ? 0 : trap;
  instance->stopped = 0;
  if (!instance->trap) return;
  for (u32 i = 0; passed && i < passed->stopped && i < TB_EMBED_NESTING - 1; i++) instance->trace[instance->stopped++] = passed->trace[i];
  instance->trace[instance->stopped++] = (struct tb_piece){instance, tb_frame_here(cx)};
}

/* Runs a function; its results are at instance->results then. What it leaves of the call that it is within is as it was,
 * but for fuel, heap and globals. */
int tb_embed_go(struct tb_embedded *instance, u32 function, cell *base, u32 left) {
  struct tb_context *cx = &instance->it.context;
  const struct tb_embed_call outer = {cx->base, tb_frame_here(cx), cx->ip, cx->cells_left, instance->host};
  instance->host = 0;
  instance->depth++;
  cx->base = base;
  cx->cells_left = left;
  if (TB_LINKS) tb_links_globals(cx, 1);
  volatile u32 *flag = tb_embed_begin(cx);
  u32 trap = tb_run(cx, function);
  tb_embed_end(flag);
  if (TB_LINKS) tb_links_globals(cx, 0);
  tb_before_block(cx);
  tb_embed_trapped(instance, trap);
  instance->results = base;
  /* A function that returns gives its cells back: HALT does not. */
  u32 halted = cx->cells_left != left;
  instance->depth--;
  instance->host = outer.host;
  cx->base = outer.base;
  cx->fp = outer.place.fp;
  cx->function = outer.place.function;
  cx->ip = outer.ip;
  cx->cells_left = outer.cells_left;
  return instance->trap ? TBLVM_TRAPPED : halted ? TBLVM_HALTED : TBLVM_OK;
}

/* The same with arguments that are in the slots. */
static int tb_embed_run(struct tb_embedded *instance, u32 function, const u32 *types, u32 parameters) {
  u32 left;
  cell *base = tb_embed_frame(instance, function, &left);
  if (!base) return TBLVM_TRAPPED;
  for (u32 i = 0; i < parameters; i++) base[i] = (cell)tb_embed_narrow(types[i], instance->slots[i]);
  tb_embed_shape(instance, 0, 0);
  return tb_embed_go(instance, function, base, left);
}

int tblvm_begin(tblvm_context *context) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int status = tb_embed_take(instance);
  if (status) return status;
  if (TB_START_FUNCTION(cx) != TB_NO_FUNCTION && !instance->begun) {
    instance->begun = 1;
    status = tb_embed_run(instance, TB_START_FUNCTION(cx), 0, 0);
  }
  tb_embed_give(instance);
  return status;
}

int tblvm_call(tblvm_context *context, uint32_t function) {
  struct tb_context *cx = tb_embed_context(context);
  struct tb_embedded *instance = tb_embedded(cx);
  int status = tb_embed_enter(instance);
  if (status) return status;
  const struct tb_export *row = tb_embed_export(cx, function);
  u32 parameters = row ? row->counts & 0xffff : ~0u, results = row ? row->counts >> 16 : 0;
  const u32 *types = row ? tb_exports(cx) + row->types : 0;
  /* What the slots of references hold is looked at; numbers are what they are. */
  if (parameters > TBLVM_SLOTS || results > TBLVM_SLOTS || !tb_embed_fits(instance, types, parameters))
    status = TBLVM_MISUSED;
  else
    status = tb_embed_run(instance, tb_embed_function(cx, function), types, parameters);
  if (status == TBLVM_HALTED && !results && !instance->exited) status = TBLVM_OK;
  if (status == TBLVM_OK && results) {
    tb_embed_shape(instance, types + parameters, results);
    for (u32 i = 0; i < results; i++) {
      instance->slots[i] = tb_embed_narrow(instance->shape[i], instance->results[i]);
      instance->held[i] = TB_TYPED_REFERENCE(instance->shape[i]) ? (tb_ref)instance->slots[i] : 0;
    }
  }
  tb_embed_give(instance);
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
  if (status == TBLVM_HALTED) status = TBLVM_OK;
  tb_embed_finish(instance);
  *exit_status = instance->exited ? (int)TB_EXIT_STATUS(cx) : tb_status(cx, instance->trap);
  tb_embed_give(instance);
  return status;
}

int tblvm_enter(const tblvm_bound *bound) { return tblvm_call(bound->context, bound->function); }
