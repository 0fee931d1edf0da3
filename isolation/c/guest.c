/* The loop of a guest: does what its host asks for, and asks in between. */
#include "tb_guest.h"
#include "tb_guest_calls.h"
#include "tb_guest_here.h"

/* Hands over, and does what the host calls, until there is an answer. */
static void tb_guest_wait(struct tb_guest *guest) {
  for (;;) {
    tb_guest_switch(guest);
    if (guest->mail.kind != TB_MAIL_CALL) return;
    tb_guest_call(guest);
    guest->mail.kind = TB_MAIL_DONE;
  }
}

u64 tb_guest_ask(struct tb_guest *guest, u32 what, u64 first, u64 second) {
  struct tb_mail *mail = &guest->mail;
  mail->what = what;
  mail->words[0] = first;
  mail->words[1] = second;
  mail->kind = TB_MAIL_ASK;
  tb_guest_wait(guest);
  return mail->result;
}

_Noreturn void tb_guest_serve(struct tb_guest *guest) {
  /* An answer that nobody has asked for is none. */
  for (guest->mail.kind = TB_MAIL_DONE;; guest->mail.kind = TB_MAIL_DONE) tb_guest_wait(guest);
}
