/* A guest within its host's process, behind protection keys: where its thread begins, and how control goes to the host. */
#include "tb_guest_here.h"

void tb_guest_switch(struct tb_guest *guest) {
  (void)guest;
  tb_keys_switch();
}

/* The entry of the image: the arena, and how many bytes it has. */
_Noreturn void tb_guest_start(struct tb_guest *guest, u64 bytes);
_Noreturn void tb_guest_start(struct tb_guest *guest, u64 bytes) {
  guest->bytes = bytes;
  tb_guest_serve(guest);
}
