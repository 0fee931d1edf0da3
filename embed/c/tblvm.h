/* Programs of tblvm inside another program.
 *
 *     tblvm_store *store = tblvm_store_new();
 *     tblvm_store_limit(store, "fuel", 1000000);
 *     tblvm_context *program;
 *     if (tblvm_load(store, module, bytes, &program)) fail(tblvm_store_error(store));
 *     tblvm_slots(program)[0] = 30;
 *     if (tblvm_call(program, tblvm_function(program, "fib"))) ...
 *     printf("%u\n", (unsigned)tblvm_slots(program)[0]);
 *     tblvm_store_free(store);
 *
 * A store holds what its instances have in common: limits, host functions, the console. An instance is a module
 * with a heap, a stack and global variables of its own; a context is its thread of execution, of which each has
 * one: both are named by the same pointer. Stores share nothing: different threads can use different ones. Of one
 * store, instances can run at the same time in different threads; making and freeing them is for one thread at a
 * time. */
#ifndef TBLVM_H
#define TBLVM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TBLVM_API __attribute__((visibility("default")))

typedef struct tblvm_store tblvm_store;
typedef struct tblvm_context tblvm_context;

/* What functions give: nothing is wrong, or what is. */
enum tblvm_status {
  TBLVM_OK = 0,
  TBLVM_TRAPPED = 1,   /* the program was stopped: tblvm_trap says why, tblvm_frame where */
  TBLVM_HALTED = 2,    /* the program ended itself before it gave results */
  TBLVM_MISUSED = 3,   /* there is no such function, limit, slot or value: the call has done nothing */
  TBLVM_EXCLUDED = 4,  /* the module needs what this library does not have */
  TBLVM_INVALID = 5,   /* the module is invalid */
  TBLVM_TOO_LARGE = 6, /* the module needs more than the limits allow, or the system has */
  TBLVM_BUSY = 7,      /* the instance runs: in another thread, or below this call and not in a host function */
  TBLVM_CLOSED = 8,    /* the instance was closed */
  TBLVM_UNLINKED = 9   /* the module imports what the store does not offer, or offers otherwise */
};

/* -- stores -- */

/* A store with the limits that the library was built with; null where there is no memory. */
TBLVM_API tblvm_store *tblvm_store_new(void);
/* Frees the store and all its instances; TBLVM_BUSY, and nothing is freed, while one of them runs. */
TBLVM_API int tblvm_store_free(tblvm_store *store);
/* Sets a limit for instances that are made later: "heap" and "linear" (bytes), "stack" (cells), "fuel"
 * (instructions), "tables" (elements), "load.memory" (bytes for a module), "registers" (bytes of register code, which
 * engine threaded makes), as far as the library has what they limit. TBLVM_MISUSED where it does not, or where the value is out of range. */
TBLVM_API int tblvm_store_limit(tblvm_store *store, const char *name, uint64_t value);
/* Why the last function that was given the store failed, in UTF-8 without control characters; the store's. */
TBLVM_API const char *tblvm_store_error(const tblvm_store *store);

/* Standard input and output of programs. read: puts up to `bytes` bytes at `to`; gives how many, 0 at the end.
 * write: gives 0, or anything else to drop this output and all after it. context: the program's that asks. A null
 * pointer stands for the process's own. They must not call the instance. */
typedef size_t tblvm_reader(void *user, tblvm_context *context, void *to, size_t bytes);
typedef int tblvm_writer(void *user, tblvm_context *context, const void *from, size_t bytes);
TBLVM_API void tblvm_store_console(tblvm_store *store, tblvm_reader *read, tblvm_writer *write, void *user);

/* Where standard error of programs goes: as above; a null pointer stands for the process's own. */
TBLVM_API void tblvm_store_errors(tblvm_store *store, tblvm_writer *write, void *user);

/* -- what programs may use of the machine: libraries of programs that import WASI -- */

/* Besides limits "wasi.clock" and "wasi.random", which are 0: 1 lets programs have them. Everything here is for
 * instances that are made later; texts are copied. */

/* A variable of the environment, as NAME=VALUE. */
TBLVM_API int tblvm_store_variable(tblvm_store *store, const char *variable);
/* A directory of the host, with all that is below it, and what programs call it. TBLVM_MISUSED where it cannot be
 * opened. */
TBLVM_API int tblvm_store_directory(tblvm_store *store, const char *host, const char *guest, int read_only);

/* -- host functions -- */

/* A function that programs import. The arguments are in the slots, from 0 on; the results are to be put there:
 * references after tblvm_prepare. Gives 0, or anything else to stop the program with trap HOST_FAILED. It may call the
 * instance that calls it, in the same thread: within that call, which the same fuel and interruption stop. Such a call
 * has the slots for itself: arguments are read before it, results put there behind it. So deep calls can go that 100 of
 * them are under way; one more is stopped by trap STACK_OVERFLOW. The instance cannot be run, closed or freed
 * meanwhile. */
typedef int tblvm_host(uint64_t *slots, tblvm_context *context, void *user);
/* Offers a function to instances that are made later, under the names that programs import it by; signature: its types,
 * as tblvm_signature writes them. Of several with the same names the last one counts. */
TBLVM_API int tblvm_store_define(tblvm_store *store, const char *module, const char *name, const char *signature,
                                 tblvm_host *function, void *user);

/* -- sharing: general libraries -- */

/* Offers a thing of an instance of the store to instances that are made later: they share it. kind, index: as
 * tblvm_export gives them. A module imports functions of the same type, globals of the same type that can be set, or
 * cannot, alike; memories and tables that are as large as it wants, and can get no larger. Numbers alone pass between
 * instances. A function runs on its own instance's stack, with its fuel; its traps are the caller's, and interruption of
 * the caller reaches it. Instances that share something run in one thread at a time. What others share is kept when its
 * instance is closed or freed, until those are. */
enum tblvm_kind { TBLVM_FUNCTION, TBLVM_TABLE, TBLVM_MEMORY, TBLVM_GLOBAL };
TBLVM_API int tblvm_store_link(tblvm_store *store, const char *module, const char *name, tblvm_context *from, int kind,
                               uint32_t index);
/* Offers nothing any more; instances keep what they were given. */
TBLVM_API void tblvm_store_forget(tblvm_store *store);

/* -- instances -- */

/* Loads a module: checks it, verifies it and makes an instance of it, whose start function runs. A library that was
 * built for a program has it inside: it takes a null pointer and 0. The bytes can be freed afterwards. Where the start
 * function is stopped, TBLVM_TRAPPED, or ends the program, TBLVM_HALTED, the instance is there all the same, for
 * tblvm_trap and tblvm_frame, and to be freed; *context is null where none was made. */
TBLVM_API int tblvm_load(tblvm_store *store, const void *module, size_t bytes, tblvm_context **context);
/* The same in two steps, for hosts that want to know the instance before it runs: makes it; runs its start function, if
 * it has one that has not run. */
TBLVM_API int tblvm_make(tblvm_store *store, const void *module, size_t bytes, tblvm_context **context);
TBLVM_API int tblvm_begin(tblvm_context *context);
/* Gives the memory of the instance back. What is called with it later is refused, until it is freed. */
TBLVM_API int tblvm_close(tblvm_context *context);
/* Closes and frees it; the pointer names nothing any more. TBLVM_BUSY, and nothing is freed, while it runs. */
TBLVM_API int tblvm_free(tblvm_context *context);

/* -- functions -- */

/* The number of the function that the module exports by this name, for calls; -1 for none. A module without exports
 * exports all functions that have a name. Names are UTF-8; a zero in one is the two bytes C0 80, here and below. */
TBLVM_API int64_t tblvm_function(tblvm_context *context, const char *name);
/* How many functions it exports, and the name of each: null behind the last one. */
TBLVM_API uint32_t tblvm_functions(tblvm_context *context);
TBLVM_API const char *tblvm_function_name(tblvm_context *context, uint32_t function);
/* The types of its parameters, '>', and those of its results; null where there is no such function:
 *     i i32    l i64    f f32    d f64    s string    [ and then the type of the elements: an array
 *     b i8     B u8     h i16    H u16                (elements of arrays only)
 *     c cells  o a class or interface     a any reference    F function */
TBLVM_API const char *tblvm_signature(tblvm_context *context, uint32_t function);

/* Where arguments and results are, from 0 on: integers in the low bits, floats by their bits, references as
 * tblvm_string and tblvm_array read them. What a host writes itself where a reference belongs is refused, but for 0. */
enum { TBLVM_SLOTS = 256 };
TBLVM_API uint64_t *tblvm_slots(tblvm_context *context);
/* Runs the function with the arguments in the slots, and leaves its results there. Arguments that are references
 * were put there by tblvm_prepare and tblvm_put_..., or are 0: null. */
TBLVM_API int tblvm_call(tblvm_context *context, uint32_t function);
/* The same, for hosts to which every argument is dear. */
typedef struct tblvm_bound {
  tblvm_context *context;
  uint32_t function;
} tblvm_bound;
TBLVM_API int tblvm_enter(const tblvm_bound *bound);
/* Runs the program from its entry point. *status: the exit status that it would have as a process. */
TBLVM_API int tblvm_run(tblvm_context *context, int *status);

/* The words that the program finds as its arguments from now on, its name first; they are copied. Libraries of programs
 * that import WASI's have it. */
TBLVM_API int tblvm_arguments(tblvm_context *context, const char *const *words, uint32_t count);

/* -- strings and arrays: libraries of programs with a heap -- */

/* Gets the slots ready for arguments of the function, all of them null or 0; in a host function, with TBLVM_RESULTS, for
 * its results. */
#define TBLVM_RESULTS 0xffffffffu
TBLVM_API int tblvm_prepare(tblvm_context *context, uint32_t function);
/* Puts a new string into a slot, of `count` UTF-16 code units, or of as many bytes of Latin-1 where `wide` is 0.
 * TBLVM_TOO_LARGE where the heap is full, TBLVM_MISUSED where no string belongs there. */
TBLVM_API int tblvm_put_string(tblvm_context *context, uint32_t slot, const void *units, size_t count, int wide);
/* Puts a new array of numbers there, of the type that belongs there; `count` elements are read. */
TBLVM_API int tblvm_put_array(tblvm_context *context, uint32_t slot, const void *elements, size_t count);
/* A string or array in a slot: its units or elements, until the instance is used again; null for a null reference
 * and for anything else. */
TBLVM_API const void *tblvm_string(tblvm_context *context, uint32_t slot, size_t *count, int *wide);
TBLVM_API void *tblvm_array(tblvm_context *context, uint32_t slot, size_t *count);

/* -- what happens to a program -- */

/* Stops what runs in this context as soon as it polls; what does not run is not stopped. For other threads and
 * signal handlers. */
TBLVM_API void tblvm_interrupt(tblvm_context *context);
/* For hosts whose handler of SIGINT only takes a note, and does its work when the program has come back (Python is one):
 * stops what runs on the calling thread, the main one, and calls that handler as before. Called again, it takes up
 * with the handler that is there now; does nothing where there is none. */
TBLVM_API void tblvm_watch_keyboard(void);
/* Instructions that are left; below zero by a few where a program ran out of them. */
TBLVM_API int64_t tblvm_fuel(tblvm_context *context);
/* Whether the calling thread is in a host function that the instance has called, and may call it. */
TBLVM_API int tblvm_nested(tblvm_context *context);
/* TBLVM_BUSY while it runs. */
TBLVM_API int tblvm_set_fuel(tblvm_context *context, int64_t fuel);

/* Why the last call was stopped. name: of the kind of trap; status: the exit status that a process has then.
 * Everything is null and 0 where it was not stopped. */
struct tblvm_trap {
  const char *name, *message;
  int status;
};
TBLVM_API struct tblvm_trap tblvm_trap(tblvm_context *context);
/* Where: a frame, 0 the innermost. 0 where there is no such frame. line: 0 where it is not known. */
struct tblvm_frame {
  const char *function, *file;
  uint32_t line;
};
TBLVM_API int tblvm_frame(tblvm_context *context, uint32_t depth, struct tblvm_frame *frame);

/* Linear memory number `memory`, where it is now; null where there is none. A program may make it larger. */
TBLVM_API void *tblvm_memory(tblvm_context *context, uint32_t memory, uint64_t *bytes);

/* -- exports of all kinds; globals and tables: general libraries -- */

/* What the module exports by this name: its kind, and the number of a function, or which one of the module's tables,
 * memories or globals it is; -1 for none. */
TBLVM_API int64_t tblvm_export(tblvm_context *context, const char *name, int *kind);
/* A global's type, as a letter of signatures, its value, by its bits, and whether nothing sets it; 0 where there is no
 * such global, or it holds a reference. */
TBLVM_API int tblvm_global(tblvm_context *context, uint32_t global, uint64_t *value, int *fixed);
/* Sets it; TBLVM_MISUSED for one that is fixed. */
TBLVM_API int tblvm_set_global(tblvm_context *context, uint32_t global, uint64_t value);
/* How many elements a table has; -1 for no table. An element: a function that can be called, of this instance or of
 * another one; a null context for null. */
TBLVM_API int64_t tblvm_table(tblvm_context *context, uint32_t table);
TBLVM_API int tblvm_table_get(tblvm_context *context, uint32_t table, uint32_t index, tblvm_bound *function);
/* Sets an element, and adds some: to a function of an instance of the store, or to null, which is a null pointer.
 * *before: how many there were. TBLVM_TOO_LARGE where there cannot be as many. */
TBLVM_API int tblvm_table_set(tblvm_context *context, uint32_t table, uint32_t index, const tblvm_bound *function);
TBLVM_API int tblvm_table_grow(tblvm_context *context, uint32_t table, uint32_t count, const tblvm_bound *function,
                               uint32_t *before);

#ifdef __cplusplus
}
#endif
#endif
