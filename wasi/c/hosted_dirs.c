/* Interface `directories`: those that the host gives. */
#include "tb_embed.h"
#include "tb_p1_files.h"

u32 tb_given_directory(struct tb_context *cx, u32 which, struct tb_given_directory *found) {
  u32 count = 0;
  const struct tb_given *at;
  for (at = tb_embedded(cx)->given; at; at = at->next) count += at->descriptor >= 0;
  if (which >= count) return 0;
  for (at = tb_embedded(cx)->given; at; at = at->next)
    if (at->descriptor >= 0 && --count == which) break;
  *found = (struct tb_given_directory){at->text, (u32)tb_embed_length(at->text), at->read_only, at->descriptor};
  return 1;
}

int tb_embed_directory(struct tblvm_store *store, const char *guest, u32 read_only, int descriptor) {
  struct tb_given *made = tb_embed_give_text(store, guest);
  if (!made) return TBLVM_TOO_LARGE;
  made->descriptor = descriptor;
  made->read_only = read_only;
  return TBLVM_OK;
}

int tblvm_store_directory(tblvm_store *store, const char *host, const char *guest, int read_only) {
  tb_embed_clear(store);
  long opened = tb_files_directory(host);
  if (opened < 0) return tb_embed_error(store, TBLVM_MISUSED, "the directory cannot be opened");
  int status = tb_embed_directory(store, guest, read_only != 0, (int)opened);
  if (status) tb_files_close((int)opened);
  return status;
}
