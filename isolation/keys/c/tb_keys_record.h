/* What the supervisor keeps for a guest: a slot of one reserved range, so that a stack pointer tells whose it is.
 *
 *     pages 0         the record, key VM_CORE: the guest's %gs; what it can read and only the supervisor can write
 *           1         nothing
 *           2 .. 4    what is the supervisor's alone (key 0): its stack on this thread, at whose bottom lies struct
 *                     tb_keys_own
 *           5         nothing
 *           6 .. 13   the stack of plug-ins   (UNTRUSTED: as Linux before 6.12 writes frames of signals with the rights
 *           14 .. 22  the stack of signals     of who is interrupted, these must be able to write there)
 *           23 .. 31  nothing */
#ifndef TB_KEYS_RECORD_H
#define TB_KEYS_RECORD_H
#include "tb_compiler.h"

#define TB_KEYS_API __attribute__((visibility("default")))
#include "tb_keys.h"
#include "tb_keys_gate.h"

#define TB_HIDDEN __attribute__((visibility("hidden")))

enum {
  TB_KEYS_PAGE = 4096,
  TB_KEYS_SLOT = 32 * TB_KEYS_PAGE,
  TB_KEYS_OWN = 2 * TB_KEYS_PAGE,
  TB_KEYS_OWN_END = 5 * TB_KEYS_PAGE,
  TB_KEYS_PLUGIN = 6 * TB_KEYS_PAGE,
  TB_KEYS_SIGNALS = 14 * TB_KEYS_PAGE,
  TB_KEYS_SIGNALS_END = 23 * TB_KEYS_PAGE
};

/* turn: whose it is. */
enum { TB_KEYS_HOST = 0, TB_KEYS_GUEST = 1 };
/* command: what the thread does when it is its turn. */
enum { TB_KEYS_GO = 0, TB_KEYS_END = 1 };

/* The gates in gates.c know the offsets. */
struct tb_keys_guest {
  u64 self, leave, plugin, arena; /* 0 8 16 24 */
  u64 own_stack;                  /* 32: top of the supervisor's stack on this thread */
  u64 stack;                      /* 40: the guest's stack pointer while it is not its turn */
  u64 plugin_stack;               /* 48: top of the stack of plug-ins */
  u64 plugin_from;                /* 56: where, in the guest's memory, its stack pointer is while a plug-in runs, else 0 */
  u32 rights, plugin_rights;      /* 64 68 */
  u32 mxcsr, reason;              /* 72 76 */
  u32 turn, command;              /* 80 84 */
  u32 thread, filter;             /* 88 92 */
  u64 turns;
  s64 failed; /* while it starts: 1 when it has, below zero for an error */
  s32 step;
  struct tb_keys_fault fault;
};

#define TB_KEYS_MUST(name, at) _Static_assert(__builtin_offsetof(struct tb_keys_guest, name) == (at), #name)
TB_KEYS_MUST(self, 0);
TB_KEYS_MUST(leave, TB_KEYS_GS_SWITCH);
TB_KEYS_MUST(plugin, TB_KEYS_GS_PLUGIN);
TB_KEYS_MUST(arena, TB_KEYS_GS_ARENA);
TB_KEYS_MUST(own_stack, 32);
TB_KEYS_MUST(stack, 40);
TB_KEYS_MUST(plugin_stack, 48);
TB_KEYS_MUST(plugin_from, 56);
TB_KEYS_MUST(rights, 64);
TB_KEYS_MUST(plugin_rights, 68);
TB_KEYS_MUST(mxcsr, 72);
TB_KEYS_MUST(reason, 76);
TB_KEYS_MUST(turn, 80);
TB_KEYS_MUST(thread, 88);
_Static_assert(TB_KEYS_SLOT == 131072, "a mask in gates.c");

/* What a guest must not read. token: who knows it may end the thread. */
struct tb_keys_own {
  u32 token;
};

static inline TB_UNUSED struct tb_keys_own *tb_keys_own(struct tb_keys_guest *guest) {
  return (struct tb_keys_own *)((u8 *)guest + TB_KEYS_OWN);
}

/* The slots: where they begin, 0 before there are any, and how many bytes they have. */
extern TB_HIDDEN u64 tb_keys_slots, tb_keys_slots_bytes;

/* gates.c */
TB_HIDDEN void tb_keys_leave(void);
TB_HIDDEN void tb_keys_finish(void);
TB_HIDDEN void tb_keys_first(void);
TB_HIDDEN void tb_keys_call_plugin(void);
TB_HIDDEN _Noreturn void tb_keys_enter(void);
TB_HIDDEN void tb_keys_on_signal(int signal, u8 *info, u64 *context);
TB_HIDDEN void tb_keys_return(void);
TB_HIDDEN long tb_keys_clone(u64 flags, void *stack, u32 *parent, u32 *child, struct tb_keys_guest *guest);
extern TB_HIDDEN const u8 tb_keys_copying[], tb_keys_copied[];

/* threads.c: what the gates jump to, on the supervisor's stack with all rights. */
TB_HIDDEN _Noreturn void tb_keys_begin(struct tb_keys_guest *guest);
TB_HIDDEN _Noreturn void tb_keys_left(struct tb_keys_guest *guest);
TB_HIDDEN _Noreturn void tb_keys_faulted(int signal, const u8 *info, const u64 *context, struct tb_keys_guest *guest);

/* memory.c: the calling thread, of the host, gets the rights to what is shared. */
extern TB_HIDDEN u32 tb_keys_shared;
TB_HIDDEN void tb_keys_allow(void);

/* signals.c */
TB_HIDDEN void tb_keys_chain(int signal, u8 *info, u64 *context);
TB_HIDDEN void tb_keys_tell(struct tb_keys_fault *fault, int signal, const u8 *info, const u64 *context, u64 from, u64 to);

#endif
