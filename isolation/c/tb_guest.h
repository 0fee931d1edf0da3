/* A guest: a runtime behind a wall, which asks its host for everything that it cannot do by itself.
 *
 *        host                                   guest
 *     TB_MAIL_CALL a function of tblvm.h  ───►  calls it
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
 *     HOST    function's number, address of the slots, context    0, or else it failed
 *     READ    address, bytes                                      bytes that were read, 0 at the end
 *     WRITE   address, bytes                                      0, or else they were dropped
 *     ERROR   address, bytes (standard error)                     as for WRITE
 *     WAIT    nanoseconds, whether input ends it                  as tb_platform_wait
 *     CLOCK   which one of tb_platform.h                          nanoseconds
 *     RANDOM  address, bytes                                      0
 *     FAIL    address, bytes of a message                         none: the guest ends */
enum {
  TB_ASK_HOST = 1,
  TB_ASK_READ,
  TB_ASK_WRITE,
  TB_ASK_ERROR,
  TB_ASK_WAIT,
  TB_ASK_CLOCK,
  TB_ASK_RANDOM,
  TB_ASK_FAIL
};

enum { TB_MAIL_WORDS = 8, TB_MAIL_BYTES = 4096 };

/* kind: one of TB_MAIL_. what: the number of a function (its place among those of tblvm.h), or what is asked for. words:
 * arguments. result: of a function, or an answer. flag: where a host writes 1 to interrupt what runs, 0 for nowhere. died: what a
 * handler of signals has found: its number, code, address, pc, number of the system call. text: room for what is short. */
struct tb_mail {
  u64 kind, what, words[TB_MAIL_WORDS], result, flag;
  u64 died[8];
  u8 text[TB_MAIL_BYTES - 8 * (TB_MAIL_WORDS + 12)];
};

/* Interface `gate`: hands control over to the host, and comes back with it. */
void tb_guest_switch(struct tb_mail *mail);

/* Asks for a service: gives the answer. */
u64 tb_guest_ask(struct tb_mail *mail, u32 what, u64 first, u64 second, u64 third);

/* Serves the host until it lets the guest go. arena: with the mail at its start; bytes: all of it. */
void tb_guest_serve(void *arena, u64 bytes);

#endif
