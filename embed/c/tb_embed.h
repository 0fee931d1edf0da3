/* Micro-libraries `embed.*`: a runtime inside another program. tblvm.h is what that program sees. */
#ifndef TB_EMBED_H
#define TB_EMBED_H
#include "tblvm.h"
#include "tb.h"
#include "tb_frame.h"
#include "tb_instances.h"
#include "tb_jump.h"

/* Who uses an instance: a thread, 0 for none, and how many times over. */
struct tb_embed_lock {
  u64 thread;
  u32 count;
};

/* Of a link: the function was called by the host, and nothing runs below. */
#define TB_EMBED_NO_FRAME 0xffffffffu

/* What a call remembers of the one that it is within. */
struct tb_embed_call {
  cell *base;
  struct tb_place place;
  const u8 *ip;
  u32 cells_left;
  const struct tb_export *host;
};

/* Calls of one instance, or of those that share something, within each other: each takes some of the native stack. */
enum { TB_EMBED_NESTING = 100 };

/* A piece of a trap's trace: frames of an instance, from the innermost on. */
struct tb_piece {
  struct tb_embedded *in;
  struct tb_place place;
};

/* What an import is: a host function, or a function of another instance; neither for what a micro-library offers. */
struct tb_binding {
  tblvm_host *function;
  void *user;
  struct tb_embedded *from;
  u32 index;
};

/* A context is the start of its instance.
 * lock: its own, or that of all that share something. depth: how many calls of it are under way. closed: the host uses
 * it no longer; empty: it has no memory any more; freed: the host does not know it any more; dead: it was never made
 * whole. holders: how many other instances need it, which keep it until then.
 * trap: the kind that stopped the last call, 0 for none. stopped: how many pieces its trace has. passed: the instance
 * whose trap stopped the function that a function of this one called. results: where those of the last call are.
 * begun: whether the start function has run. exited: whether the last call ended the program. unfinished: whether
 * something ran since the program last ended.
 * host: the import whose host function has control, null for none. shape: what the slots hold, or wait for: type
 * words as in table exports. held: the reference of that type that was put into the slot, 0 for none: what a host
 * writes there itself is no reference. given: what the store had when the instance was made. */
struct tb_embedded {
  struct tb_instance it;
  struct tblvm_store *owner;
  struct tb_embedded *next;
  u64 limits[TB_LIMITS];
  struct tb_embed_lock own, *lock;
  struct tb_embedded *next_shared, *passed;
  struct tb_piece trace[TB_LINKS ? TB_EMBED_NESTING : 1];
  const cell *results;
  u32 closed, empty, freed, dead, holders, depth, trap, stopped, begun, exited, unfinished, shape_count;
  const u32 *shape;
  struct tb_binding *bound; /* by import */
  const struct tb_export *host;
  const struct tb_given *given;
  tb_ref held[TBLVM_SLOTS];
  u64 slots[TBLVM_SLOTS];
};

enum { TB_EMBED_ERROR = 512 };

/* What a store lets programs have, the last one first. descriptor: of a directory, else -1. text: a variable, or what
 * programs call the directory. */
struct tb_given {
  struct tb_given *next;
  u64 bytes;
  u32 read_only;
  int descriptor;
  const char *text;
};

struct tblvm_store {
  struct tb_definition *definitions;
  struct tb_embedded *first;
  struct tb_embedded *starting;
  struct tb_jump back;
  tblvm_reader *read;
  tblvm_writer *write;
  void *user;
  tblvm_writer *errors;
  void *errors_user;
  struct tb_given *given;
  /* Instances that share something, and their lock. linking: whether one that is made has it. ending: nothing is kept. */
  struct tb_embedded *first_shared;
  struct tb_embed_lock shared;
  u32 error_used, threads, linking, ending;
  int status;
  u64 limits[TB_LIMITS];
  char error[TB_EMBED_ERROR];
};

static inline TB_UNUSED struct tb_embedded *tb_embedded(struct tb_context *cx) {
  return (struct tb_embedded *)(void *)cx;
}
static inline TB_UNUSED struct tb_context *tb_embed_context(tblvm_context *context) {
  return (struct tb_context *)(void *)context;
}

/* What is given from now on: null, and it is said, where there is no memory. */
struct tb_given *tb_embed_give_text(struct tblvm_store *store, const char *text);
/* A directory that is open, by the name that programs know it by: a status. Of hosted.directories. */
int tb_embed_directory(struct tblvm_store *store, const char *guest, u32 read_only, int descriptor);

/* A limit's name and the values that it can have (generated). */
struct tb_limit {
  const char *name;
  u64 standard, least, most;
};
extern const struct tb_limit tb_limits[];

/* A kind of trap, number 1 first (generated). */
struct tb_trap_row {
  const char *name, *message;
  int status;
};
extern const struct tb_trap_row tb_trap_rows[];

/* Table exports, u32: how many functions are exported, how many things imported, how many entries of the type table there
 * are, how many other things are exported, then a row for each of all four; behind that type words. Of imports (names are
 * in host.imports) function is their kind, 0 for a function, and name which one of that kind among the module's it is. Of
 * entries of the type table there are rows where instances share things; those of function types have types and
 * signature. Of other exports function is the index, and signature the kind.
 * name, signature: where their texts are in table export_texts; types: place in table exports of a word for each
 * parameter and result: the type code in 24 bits; in 4 bits the type code of an array's elements that are numbers, 0
 * for anything else; then a bit for what has 64 bits; the highest bit for references to the heap. counts: parameters,
 * and above them, in 16 bits, results. */
struct tb_export {
  u32 function, name, signature, types, counts;
};
#define TB_TYPED_CODE(word) ((word) & 0xffffffu)
#define TB_TYPED_ELEMENT(word) ((word) >> 24 & 15)
#define TB_TYPED_WIDE(word) ((word) >> 28 & 1)
#define TB_TYPED_REFERENCE(word) ((word) >> 31)
/* A type code of tblvm.opcodes.types. */
enum { TB_TYPE_FUNCTION = 8 };

/* The row of a function by the number of a call, null for none: that of an export, or, where instances share things, with
 * the highest bit set the index of any function. Its index. The rows of an import, and of an entry of the type table. */
#define TB_EMBED_BY_INDEX 0x80000000u
const struct tb_export *tb_embed_export(struct tb_context *cx, u32 number);
/* Its types as a signature, of a closed instance too, whose functions others may call; null for none. */
const char *tb_embed_signature(struct tb_context *cx, u32 number);
u32 tb_embed_function(struct tb_context *cx, u32 number);
const struct tb_export *tb_embed_import(struct tb_context *cx, u32 number);
const struct tb_export *tb_embed_type(struct tb_context *cx, u32 type);

/* What a store offers: a function of the host, or a thing of an instance, of a kind, which one of that it is. */
struct tb_definition {
  struct tb_definition *next;
  u64 bytes;
  tblvm_host *function;
  void *user;
  struct tb_embedded *from;
  u32 kind, index;
  const char *module, *name, *signature;
};
/* A new one, null where there is no memory; the one that counts of these names. */
struct tb_definition *tb_embed_define(struct tblvm_store *store, const char *module, const char *name, const char *signature);
const struct tb_definition *tb_embed_find(const struct tblvm_store *store, const u8 *module, u32 module_bytes, const u8 *name,
                                          u32 name_bytes);

u32 tb_run(struct tb_context *cx, u32 entry);

/* Interface `program-source`: gives the instance its program. Leaves by tb_embed_leave where that fails. */
void tb_embed_source(struct tb_context *cx, const void *module, u64 bytes);

/* What goes wrong while an instance is made: text for tblvm_store_error, without control characters, and the end of
 * making it. */
void tb_embed_say(struct tblvm_store *store, const void *text, u64 bytes);
void tb_embed_say_name(struct tblvm_store *store, const u8 *name, u32 bytes);
void tb_embed_clear(struct tblvm_store *store);
int tb_embed_error(struct tblvm_store *store, int status, const char *message);
_Noreturn void tb_embed_leave(struct tblvm_store *store, int status);

static inline TB_UNUSED u64 tb_embed_length(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  return length;
}
static inline TB_UNUSED u32 tb_embed_equal(const char *one, const char *other) {
  while (*one && *one == *other) one++, other++;
  return *one == *other;
}

/* Takes the instance for the caller: TBLVM_OK, TBLVM_BUSY, TBLVM_CLOSED. Nobody else has it, and it does not run; to
 * enter it, it may be running if it waits for a host function of the same thread. */
int tb_embed_take(struct tb_embedded *instance);
int tb_embed_enter(struct tb_embedded *instance);
void tb_embed_give(struct tb_embedded *instance);
/* Whether the calling thread has it. */
u32 tb_embed_mine(const struct tb_embedded *instance);

/* A cell as a slot of that type holds it, and the other way round: what a cell has beyond a narrow value is 0. */
static inline TB_UNUSED u64 tb_embed_narrow(u32 word, u64 value) { return TB_TYPED_WIDE(word) ? value : (u32)value; }

/* The two halves of a call: where its frame begins, null where there is no room for it, which is a trap then; *left: the
 * cells that are left. And the call, whose arguments are there. */
cell *tb_embed_frame(struct tb_embedded *instance, u32 function, u32 *left);
int tb_embed_go(struct tb_embedded *instance, u32 function, cell *base, u32 left);

/* The instance gives its memory back; nobody needs it. */
void tb_embed_empty(struct tb_embedded *instance);

/* Micro-library embed.links, where TB_LINKS says that it is there: tb_links.h has more.
 * Binds an import, to what was found: null, or why that cannot be. Copies globals that belong to others, in before the
 * program runs, out when it no longer does. Calls the function of another instance. The instance whose trap stopped this
 * one, null for none. Interrupts whatever runs for this one. What it needs is needed no longer. */
enum { TB_LINKS_NUMBERS = 4 };
#define TB_LINKS_NO_TYPE 0xffffffffu
struct tb_origin;
/* Room for functions of others, behind all tables that are made of the module. */
void tb_links_make_room(struct tb_context *cx);
extern const char tb_links_busy[]; /* the reason where another thread is in the way */
const char *tb_links_bind(struct tb_context *cx, u32 import, const struct tb_definition *given);
void tb_links_globals(struct tb_context *cx, u32 in);
u32 tb_links_bound_call(struct tb_context *cx, const struct tb_binding *to, const struct tb_export *types);
u32 tb_links_is_foreign(struct tb_context *cx, u32 import);
u32 tb_links_functions(struct tb_context *cx);
u32 tb_links_function_type(struct tb_context *cx, u32 function);
u32 tb_links_foreign_call(struct tb_context *cx);
struct tb_embedded *tb_links_passed(struct tb_context *cx, u32 trap);
void tb_links_interrupt(struct tb_context *cx);
void tb_links_release(struct tb_embedded *instance);
void tb_links_unlock(struct tblvm_store *store);

/* Interface `bindings`: finds the functions that the program imports; leaves where one is missing. */
void tb_embed_bind(struct tb_context *cx);

/* Whether the slots hold what is asked for: a reference must have been put there, as one of that type. */
u32 tb_embed_fits(const struct tb_embedded *instance, const u32 *types, u32 count);

/* What belongs into the slots from now on; no references are there. */
void tb_embed_shape(struct tb_embedded *instance, const u32 *types, u32 count);

/* The program ends, if it has done anything: what libraries do then is done once. */
void tb_embed_finish(struct tb_embedded *instance);

/* A call begins: what an interrupt from the keyboard stops now; *end* is given what *begin* gave. */
volatile u32 *tb_embed_begin(struct tb_context *cx);
void tb_embed_end(volatile u32 *outer);

#endif
