/* What a host sees of globals and tables. */
#include "tb_links.h"

u32 tb_tables_grow(struct tb_context *cx, u32 table, u32 value, u32 count);

static struct tb_embedded *tb_links_open(tblvm_context *context) {
  struct tb_embedded *instance = tb_embedded(tb_embed_context(context));
  return __atomic_load_n(&instance->closed, __ATOMIC_ACQUIRE) ? 0 : instance;
}

static cell *tb_links_global(struct tb_embedded *instance, u32 global, u32 *type) {
  if (!instance || global >= tb_links_of(instance)->globals_count) return 0;
  *type = tb_links_of(instance)->global_types[global];
  if ((*type & 0x7fffffff) > TB_LINKS_NUMBERS) return 0;
  struct tb_origin origin = tb_links_origin(instance, TBLVM_GLOBAL, global);
  return &tb_store_of(tb_links_context(origin.in))->globals[origin.index];
}

int tblvm_global(tblvm_context *context, uint32_t global, uint64_t *value, int *fixed) {
  static const char letters[] = "?ilfd";
  u32 type = 0;
  const cell *at = tb_links_global(tb_links_open(context), global, &type);
  if (!at) return 0;
  char letter = letters[type & 7];
  *value = letter == 'l' || letter == 'd' ? (u64)*at : (u32)*at;
  *fixed = (int)(type >> 31);
  return letter;
}

int tblvm_set_global(tblvm_context *context, uint32_t global, uint64_t value) {
  struct tb_embedded *instance = tb_links_open(context);
  u32 type = 0;
  if (!instance) return TBLVM_CLOSED;
  int status = tb_embed_enter(instance);
  if (status) return status;
  cell *at = tb_links_global(instance, global, &type);
  status = at && !(type >> 31) ? TBLVM_OK : TBLVM_MISUSED;
  if (!status) *at = (type & 7) == 2 || (type & 7) == 4 ? (cell)value : (cell)(u32)value;
  tb_embed_give(instance);
  return status;
}

int64_t tblvm_table(tblvm_context *context, uint32_t table) {
  struct tb_embedded *instance = tb_links_open(context);
  struct tb_context *cx = tb_embed_context(context);
  return instance && table < *tb_table_sizes(cx) ? (int64_t)tb_table_size(cx, table) : -1;
}

int tblvm_table_get(tblvm_context *context, uint32_t table, uint32_t index, tblvm_bound *function) {
  struct tb_context *cx = tb_embed_context(context);
  int64_t size = tblvm_table(context, table);
  *function = (tblvm_bound){0, 0};
  if (index >= size) return TBLVM_MISUSED;
  u32 element = tb_table_at(cx, table)[index];
  if (!element) return TBLVM_OK;
  struct tb_origin found = tb_links_function(tb_embedded(cx), element);
  function->context = (tblvm_context *)(void *)tb_links_context(found.in);
  function->function = TB_EMBED_BY_INDEX | found.index;
  return TBLVM_OK;
}

/* The element that stands for a function of any instance of the store; the store's lock is the caller's. */
static int tb_links_element(struct tb_embedded *instance, const tblvm_bound *function, u32 *element) {
  *element = 0;
  if (!function || !function->context) return TBLVM_OK;
  struct tb_embedded *of = tb_links_open(function->context);
  if (!of) return TBLVM_CLOSED;
  if (of->owner != instance->owner || !tb_embed_export(tb_links_context(of), function->function)) return TBLVM_MISUSED;
  u32 number = tb_embed_function(tb_links_context(of), function->function);
  if (of != instance && !tb_links_of(instance)->trampolines) return TBLVM_MISUSED;
  if (!tb_links_join(instance) || !tb_links_join(of)) return TBLVM_BUSY;
  *element = tb_links_local(instance, (struct tb_origin){of, number});
  return TBLVM_OK;
}

static int tb_links_change(tblvm_context *context, u32 table, u32 index, u32 grow, const tblvm_bound *function, u32 *before) {
  struct tb_embedded *instance = tb_links_open(context);
  struct tb_context *cx = tb_embed_context(context);
  u32 element;
  if (!instance) return TBLVM_CLOSED;
  if (table >= *tb_table_sizes(cx) || (!grow && index >= tb_table_size(cx, table))) return TBLVM_MISUSED;
  if (!tb_links_lock(instance->owner)) return TBLVM_BUSY;
  int status = tb_links_element(instance, function, &element), taken = status ? status : tb_embed_enter(instance);
  if (!taken) {
    if (grow) {
      *before = tb_tables_grow(cx, table, element, index);
      if (*before == 0xffffffffu) taken = TBLVM_TOO_LARGE;
    } else {
      tb_table_at(cx, table)[index] = element;
      TB_TABLE_WROTE(cx, table, index, 1u);
    }
    tb_embed_give(instance);
  }
  tb_links_unlock(instance->owner);
  return taken;
}

int tblvm_table_set(tblvm_context *context, uint32_t table, uint32_t index, const tblvm_bound *function) {
  return tb_links_change(context, table, index, 0, function, 0);
}

int tblvm_table_grow(tblvm_context *context, uint32_t table, uint32_t count, const tblvm_bound *function, uint32_t *before) {
  return tb_links_change(context, table, count, 1, function, before);
}
