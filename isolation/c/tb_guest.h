/* A guest: a runtime behind a wall, which asks its host for everything that it cannot do by itself.
 *
 *        host                                   guest
 *     TB_MAIL_CALL a function             ───►  calls it
 *                                         ◄───  TB_MAIL_ASK a service (console, clock, a host function, …)
 *     TB_MAIL_ANSWER                      ───►  goes on
 *                                         ◄───  TB_MAIL_DONE with the function's result
 *
 * One of both has control; it hands it over by tb_guest_switch. Where a service is asked for, the host may call a
 * function instead of answering: calls nest. The mail lies at the start of the arena, which is all the memory that a
 * guest can write; host and guest know where it begins on either side. What a host reads there is not to be trusted:
 * every number is read once and checked, every address is one of the arena's or refused. */
#ifndef TB_GUEST_H
#define TB_GUEST_H
#include "tb.h"

enum { TB_MAIL_CALL = 1, TB_MAIL_ANSWER = 2, TB_MAIL_ASK = 3, TB_MAIL_DONE = 4 };

/* What a guest asks for. Words, and the answer:
 *     HOST    number that the function was defined by, address of the slots    0, or else it failed
 *     READ    address, bytes                                      bytes that were read, 0 at the end; negative for an error
 *     WRITE   address, bytes                                      bytes that were written; negative for an error
 *     ERROR   address, bytes (standard error)                     as for WRITE
 *     WAIT    nanoseconds, whether input ends it                  as tb_platform_wait
 *     CLOCK   which one of tb_platform.h                          nanoseconds
 *     RANDOM  address, bytes                                      bytes, or negative for an error
 *     LEND    address, bytes: linear memory, for plug-ins         0
 *     FAIL    address, bytes of a message                         none: the guest ends */
enum {
  TB_ASK_HOST = 1,
  TB_ASK_READ,
  TB_ASK_WRITE,
  TB_ASK_ERROR,
  TB_ASK_WAIT,
  TB_ASK_CLOCK,
  TB_ASK_RANDOM,
  TB_ASK_FAIL,
  TB_ASK_LEND
};

/* What a host calls: functions of tblvm.h, of the one store and the one instance that a guest has. Words, in this order;
 * the result; and words that are set besides. A text goes in as the address of a string that ends with a zero, and comes
 * out in two words: its address, and its bytes.
 *     ROOM           bytes                          an address for so many, for what the host passes; 0 where there is none
 *     LIMIT          name, value                    status
 *     VARIABLE       NAME=VALUE                     status
 *     DEFINE         module, name, types, number    status
 *     MAKE           address, bytes                 status; why (a text)
 *     DIRECTORY      name, descriptor, read only    status
 *     BEGIN, CLOSE                                  status
 *     ARGUMENTS      texts behind each other, how many    status
 *     FUNCTIONS                                     how many
 *     FUNCTION_NAME  number                         whether there is one; its name (a text)
 *     FUNCTION       name                           number, -1 for none
 *     SIGNATURE      number                         whether there is one; its types (a text)
 *     EXPORT         name                           number, -1 for none; kind
 *     SLOTS                                         their address
 *     CALL           number                         status
 *     RUN                                           status; exit status
 *     PREPARE        number                         status
 *     PUT_STRING     slot, address, count, wide     status
 *     PUT_ARRAY      slot, address, count           status
 *     STRING         slot                           address, 0 for none; count, wide
 *     ARRAY          slot                           address, 0 for none; count
 *     FUEL                                          what is left
 *     SET_FUEL       what is left                   status
 *     TRAP                                          its exit status, 0 for none; name, message (two texts)
 *     FRAME          depth                          whether there is one; function, file (two texts), line
 *     MEMORY         number                         address, 0 for none; bytes
 *     GLOBAL         number                         letter of its type, 0 for none; value, whether it is fixed
 *     SET_GLOBAL     number, value                  status
 *     TABLE          number                         elements, -1 for none
 *     TABLE_GET      number, index                  status; whether there is a function, its number
 *     TABLE_SET      number, index, whether, function     status
 *     TABLE_GROW     number, count, whether, function     status; elements before
 * Python reads this list (isolation/mail.py). */
#define TB_GUEST_CALLS(EACH)                                                                                 \
  EACH(ROOM) EACH(LIMIT) EACH(VARIABLE) EACH(DEFINE) EACH(DIRECTORY) EACH(MAKE) EACH(BEGIN) EACH(CLOSE) EACH(ARGUMENTS)                 \
  EACH(FUNCTIONS) EACH(FUNCTION_NAME) EACH(FUNCTION) EACH(SIGNATURE) EACH(EXPORT) EACH(SLOTS) EACH(CALL)     \
  EACH(RUN) EACH(PREPARE) EACH(PUT_STRING) EACH(PUT_ARRAY) EACH(STRING) EACH(ARRAY) EACH(FUEL)               \
  EACH(SET_FUEL) EACH(TRAP) EACH(FRAME) EACH(MEMORY) EACH(GLOBAL) EACH(SET_GLOBAL) EACH(TABLE)               \
  EACH(TABLE_GET) EACH(TABLE_SET) EACH(TABLE_GROW)

enum { TB_MAIL_WORDS = 8, TB_MAIL_BYTES = 4096, TB_MAIL_HEAD = 8 * (TB_MAIL_WORDS + 12) };

/* kind: one of TB_MAIL_. what: which function, from 0 on, or what is asked for. words: arguments, and what is set besides.
 * result: of a function, or an answer. flag: where a host writes 1 (32 bits) to interrupt what runs, 0 for nowhere. died:
 * what a handler of signals has found: signal, code, address, pc, number of the system call. text: room for texts. */
struct tb_mail {
  u64 kind, what, words[TB_MAIL_WORDS], result, flag;
  u64 died[8];
  u8 text[TB_MAIL_BYTES - TB_MAIL_HEAD];
};

struct tblvm_store;
struct tblvm_context;

/* The start of an arena. bytes: all of it; used: what is given out; touched: what ever was. room: for what the host
 * passes. */
struct tb_guest {
  struct tb_mail mail;
  u64 bytes, used, touched;
  struct tblvm_store *store;
  struct tblvm_context *context;
  u8 *room;
  u64 room_bytes;
};

/* Interface `gate`: hands control over to the host, and comes back with it. tb_guest_here.h of the same library says where
 * the guest is that asks: `struct tb_guest *tb_guest_here(void)`. */
void tb_guest_switch(struct tb_guest *guest);

/* Files that a guest has by itself, where its platform lets it have some: bytes, or negative for an error. */
long tb_guest_file_read(int descriptor, void *to, u64 bytes);
long tb_guest_file_write(int descriptor, const void *from, u64 bytes);

/* Asks for a service: gives the answer. */
u64 tb_guest_ask(struct tb_guest *guest, u32 what, u64 first, u64 second);

/* Serves the host for as long as it hands control over. The guest lies at the start of its arena, all zeros but bytes. */
_Noreturn void tb_guest_serve(struct tb_guest *guest);

#endif
