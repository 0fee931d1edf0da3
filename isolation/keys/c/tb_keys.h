/* The supervisor of protection keys: what a host calls. x86-64 Linux. Python reads these declarations
 * (isolation/keys/supervisor.py).
 *
 * A key has two bits in the register PKRU of each thread: 1 << 2 * key denies access, 2 << 2 * key denies writing. Every
 * WRPKRU of a process is to be in this library, and each is followed by a check of what it has set: code that jumps to
 * one gets no further. Numbers below zero are errors of Linux. */
#ifndef TB_KEYS_H
#define TB_KEYS_H
#include <stdint.h>

/* -- keys and memory: for every thread but those of guests -- */

/* A new key, which the calling thread is denied like all others. */
TB_KEYS_API long tb_keys_alloc(void);
/* PKRU of this thread, and another value for it: gives what was there before. */
TB_KEYS_API uint32_t tb_keys_read(void);
TB_KEYS_API uint32_t tb_keys_write(uint32_t rights);
/* Private anonymous memory, not accessible yet: its address. */
TB_KEYS_API long tb_keys_map(uint64_t bytes);
/* Sets what pages are for (1 read, 2 write, 4 execute) and their key. Counted: how often it was called so far. */
TB_KEYS_API long tb_keys_tag(uint64_t address, uint64_t bytes, uint32_t access, uint32_t key);
TB_KEYS_API uint64_t tb_keys_tagged(void);
/* Keys, a bit each, of memory that all threads of the host may touch: those of guests. Threads get the rights where they
 * call a function of guests, or else when they are stopped for the first time (tb_keys_catch). The rest stays denied. */
TB_KEYS_API void tb_keys_share(uint32_t keys);
/* Zeros pages; their key stays. */
TB_KEYS_API long tb_keys_discard(uint64_t address, uint64_t bytes);
TB_KEYS_API long tb_keys_unmap(uint64_t address, uint64_t bytes);
/* Nothing changes these mappings any more: mseal, of Linux 6.10. */
TB_KEYS_API long tb_keys_seal(uint64_t address, uint64_t bytes);

/* What stopped an access. signal: 0 where nothing did. code, address, key: as the system says; error: bits of the page
 * fault (2 writing, 16 executing, 32 by a key); rights: PKRU as it was; call: a system call's number, -1 for none. */
struct tb_keys_fault {
  int32_t signal, code;
  uint64_t address, pc;
  uint32_t error, key, rights;
  int32_t call;
};

/* Copies under the rights of this thread: 0, or -EFAULT with the reason. The handlers must be there: tb_keys_catch. */
TB_KEYS_API long tb_keys_copy(uint64_t to, uint64_t from, uint64_t bytes, struct tb_keys_fault *fault);

/* -- signals -- */

/* Catches SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV and SIGSYS; what is no business of guests goes on to the handlers that
 * were there before, or that came since. Called again it puts itself in front of these. */
TB_KEYS_API long tb_keys_catch(void);

/* -- guests: code on a thread of its own, whose rights are those of its keys -- */

enum { TB_KEYS_GUESTS = 256 };

/* Why a guest has handed control over: it has asked to; its entry function has returned; it was stopped or has faulted;
 * and why a wait has ended without that: a signal of the host's, or the time. */
enum tb_keys_reason {
  TB_KEYS_SWITCHED = 1,
  TB_KEYS_ENDED = 2,
  TB_KEYS_DIED = 3,
  TB_KEYS_SIGNAL = 4,
  TB_KEYS_LATE = 5
};

/* How a guest starts. entry: its function, which is given the arena's address and its bytes; stack: where its stack ends,
 * which grows down from there, aligned to 16 bytes. core: the key of what it can only read; linear: of what
 * plug-ins in it can write. rights: PKRU of the guest;
 * plugin_rights: of plug-ins in it. filter: whether it may make no system call, which is to be 1 but for tests. step: which
 * step failed, of the list in the source. */
struct tb_keys_start {
  uint64_t entry, arena, bytes, stack;
  uint32_t core, linear, rights, plugin_rights, filter;
  int32_t step;
};

struct tb_keys_guest;

/* A guest that waits for its first turn. */
TB_KEYS_API long tb_keys_open(struct tb_keys_start *start, struct tb_keys_guest **made);
/* Its turn: until it hands over, nanoseconds at most, below zero for ever. Gives a reason. tb_keys_wait: goes on waiting
 * behind TB_KEYS_SIGNAL and TB_KEYS_LATE. */
TB_KEYS_API long tb_keys_run(struct tb_keys_guest *guest, int64_t nanoseconds);
TB_KEYS_API long tb_keys_wait(struct tb_keys_guest *guest, int64_t nanoseconds);
/* Ends it where it is; nothing happens where it is not its turn. */
TB_KEYS_API long tb_keys_stop(struct tb_keys_guest *guest);
/* Why it has died. */
TB_KEYS_API void tb_keys_why(struct tb_keys_guest *guest, struct tb_keys_fault *fault);
/* Other keys, while it is not its turn: of what the supervisor keeps for it, and of its rights. */
TB_KEYS_API long tb_keys_rekey(struct tb_keys_guest *guest, uint32_t linear, uint32_t rights, uint32_t plugin_rights);
/* Its thread, 0 once it has ended; how often control was handed over to it. */
TB_KEYS_API uint32_t tb_keys_thread(struct tb_keys_guest *guest);
TB_KEYS_API uint64_t tb_keys_turns(struct tb_keys_guest *guest);
/* Ends its thread and frees what the supervisor has kept for it, zeroed. -EBUSY while it is its turn. */
TB_KEYS_API long tb_keys_close(struct tb_keys_guest *guest);
/* The same in a child of fork, which has none of its parent's threads. */
TB_KEYS_API void tb_keys_forget(struct tb_keys_guest *guest);

#endif
