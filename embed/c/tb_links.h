/* Micro-library `embed.links`: what instances of a store share.
 *
 * A thing belongs to one instance, its origin; others that import it reach it so:
 *     memory     same address; its size is told to each of them when it grows
 *     table      each has a copy, with its own numbers of functions; whoever writes, writes to all
 *     global     a fixed one is copied once; of others each has a copy while it runs (tb_links_globals_in, ..._out)
 *     function   HOST calls it, on the other instance's stack and with its fuel
 *
 * Only one thread runs instances that share something at a time: they have one lock, the store's. */
#ifndef TB_LINKS_H
#define TB_LINKS_H
#include "tb_embed.h"
#include "tb_linear.h"
#include "tb_tables.h"

/* A thing of an instance: which one of its kind. */
struct tb_origin {
  struct tb_embedded *in;
  u32 index;
};

/* That an instance needs another one: that one keeps its memory. */
struct tb_hold {
  struct tb_embedded *of;
  struct tb_hold *next;
};

/* Functions of other instances that an instance can have numbers for; places in the table that finds them. */
enum { TB_LINKS_FOREIGN = TB_FUNCTIONS_BEYOND, TB_LINKS_HASH = 1 << 17 };

/* What an instance has of it.
 * functions: its own; behind them the function table has rows for those of others: `foreign` of them, which are at
 * `origins`, found by `hash`: numbers in `origins` plus one.
 * given: how many it imports, by kind. global_types: of each global its type code, and the highest bit where it is fixed.
 * trampolines: for each entry of the type table where code is that calls functions of this type in other instances, 0
 * for none; import: the number by which this code asks. aliases: for each global the one that the same thing had before.
 * memories, tables, globals: of what is imported the origin. (The context's `shares`: whether two instances have one of
 * its tables.) callee: the instance that a function of this one calls. */
struct tb_links {
  u32 functions, foreign, import, globals_count;
  u32 given[4];
  const u32 *global_types;
  u32 *trampolines, *aliases, *hash;
  struct tb_origin *origins, *globals;
  struct tb_origin memories[TB_MEMORIES], tables[TB_TABLES];
  struct tb_hold *holds;
  struct tb_embedded *callee;
};

static inline TB_UNUSED struct tb_links *tb_links_of(struct tb_embedded *instance) { return instance->it.context.links; }

/* The handlers' bytes in resolved code (generated). */
extern const u8 tb_links_host[], tb_links_load[], tb_links_ret[];
extern const u32 tb_links_host_bytes, tb_links_load_bytes, tb_links_ret_bytes;

/* A context of the instance; the origin of a thing that it has. */
static inline TB_UNUSED struct tb_context *tb_links_context(struct tb_embedded *instance) { return &instance->it.context; }
struct tb_origin tb_links_origin(struct tb_embedded *instance, u32 kind, u32 index);

/* Makes the instance one of those that share; 0 where another thread has it. The caller has the store's lock. */
u32 tb_links_join(struct tb_embedded *instance);
/* Takes and gives the store's lock; 0 where another thread has it. */
u32 tb_links_lock(struct tblvm_store *store);
void tb_links_unlock(struct tblvm_store *store);
/* The instance needs the other one from now on. */
void tb_links_hold(struct tb_embedded *instance, struct tb_embedded *of);

/* An element of a table as *instance* has it, which stands for a function of another one; and the other way round. */
u32 tb_links_local(struct tb_embedded *instance, struct tb_origin function);
struct tb_origin tb_links_function(struct tb_embedded *instance, u32 element);
/* The instance's table is another one's, or at least two have its table. */
void tb_links_mirror(struct tb_embedded *instance, u32 table, struct tb_origin origin);

#endif
