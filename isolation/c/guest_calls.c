/* What a host calls in its guest: functions of tblvm.h. The host is to be trusted; what it passes is not looked at again.
 * What a library does not have is weak, and is not called by hosts that know the program. */
#include "tb_embed.h"
#include "tb_guest_calls.h"
#include "tb_guest_here.h"
#include "tb_platform.h"

#define TB_GUEST_NUMBER(name) TB_GUEST_##name,
enum { TB_GUEST_CALLS(TB_GUEST_NUMBER) };

#pragma weak tblvm_store_variable
#pragma weak tblvm_arguments
#pragma weak tb_embed_directory
#pragma weak tblvm_prepare
#pragma weak tblvm_put_string
#pragma weak tblvm_put_array
#pragma weak tblvm_string
#pragma weak tblvm_array
#pragma weak tblvm_memory
#pragma weak tblvm_global
#pragma weak tblvm_set_global
#pragma weak tblvm_table
#pragma weak tblvm_table_get
#pragma weak tblvm_table_set
#pragma weak tblvm_table_grow

static int tb_guest_host(uint64_t *slots, tblvm_context *context, void *user) {
  (void)context;
  return tb_guest_ask(tb_guest_here(), TB_ASK_HOST, (uptr)user, (uptr)slots) != 0;
}

/* Memory for what the host passes; what was there before is given up. */
static u64 tb_guest_room(struct tb_guest *guest, u64 bytes) {
  if (bytes <= guest->room_bytes) return (uptr)guest->room;
  u8 *made = tb_platform_try_map(0, bytes);
  if (!made) return 0;
  guest->room = made;
  guest->room_bytes = bytes;
  return (uptr)made;
}

/* A text for the host, whose words begin at *word*: what lies outside of the arena is copied into the mail, behind what is
 * there already. Gives whether there is one. */
static u64 tb_guest_text(struct tb_guest *guest, u32 word, u32 *used, const char *text) {
  struct tb_mail *mail = &guest->mail;
  u64 bytes = text ? tb_embed_length(text) : 0;
  mail->words[word] = (uptr)text;
  if (text && (u64)((uptr)text - (uptr)guest) >= guest->bytes) {
    if (bytes > sizeof mail->text - *used) bytes = sizeof mail->text - *used;
    __builtin_memcpy(mail->text + *used, text, bytes);
    mail->words[word] = (uptr)(mail->text + *used);
    *used += (u32)bytes;
  }
  mail->words[word + 1] = bytes;
  return text != 0;
}

static int tb_guest_make(struct tb_guest *guest, const void *module, u64 bytes) {
  u32 used = 0;
  int status = tblvm_make(guest->store, module, bytes, &guest->context);
  if (guest->context) guest->mail.flag = (uptr)&tb_embed_context(guest->context)->interrupted;
  tb_guest_text(guest, 0, &used, status ? tblvm_store_error(guest->store) : "");
  return status;
}

static int tb_guest_arguments(struct tb_guest *guest, const char *texts, u32 count) {
  /* The first is the program's name. */
  if (!TB_ARGUMENTS_GIVEN) return count > 1 ? TBLVM_MISUSED : TBLVM_OK;
  const char **words = tb_platform_try_map(0, (u64)count * sizeof *words);
  if (!words) return TBLVM_TOO_LARGE;
  for (u32 i = 0; i < count; i++) {
    words[i] = texts;
    texts += tb_embed_length(texts) + 1;
  }
  int status = tblvm_arguments(guest->context, words, count);
  tb_platform_unmap(words, (u64)count * sizeof *words);
  return status;
}

static u64 tb_guest_trap(struct tb_guest *guest) {
  u32 used = 0;
  struct tblvm_trap trap = tblvm_trap(guest->context);
  tb_guest_text(guest, 0, &used, trap.name);
  tb_guest_text(guest, 2, &used, trap.message);
  guest->mail.words[4] = (u64)trap.status;
  return trap.name != 0;
}

static u64 tb_guest_frame(struct tb_guest *guest, u32 depth) {
  u32 used = 0;
  struct tblvm_frame frame = {0, 0, 0};
  if (!tblvm_frame(guest->context, depth, &frame)) return 0;
  tb_guest_text(guest, 0, &used, frame.function);
  tb_guest_text(guest, 2, &used, frame.file);
  guest->mail.words[4] = frame.line;
  return 1;
}

static int tb_guest_table_get(struct tb_guest *guest, u32 table, u32 index) {
  tblvm_bound found = {0, 0};
  int status = tblvm_table_get(guest->context, table, index, &found);
  guest->mail.words[0] = found.context != 0;
  guest->mail.words[1] = found.function;
  return status;
}

#define TB_TEXT(word) ((const char *)(uptr)mail->words[word])
#define TB_NUMBER(word) ((u32)mail->words[word])

void tb_guest_call(struct tb_guest *guest) {
  struct tb_mail *mail = &guest->mail;
  tblvm_context *context = guest->context;
  u32 used = 0, before = 0;
  int kind = 0, wide = 0;
  size_t count = 0;
  uint64_t value = 0;
  u64 result = 0;
  tblvm_bound bound = {context, 0};
  if (!guest->store) guest->store = tblvm_store_new();
  tblvm_store *store = guest->store;
  switch (mail->what) {
    case TB_GUEST_ROOM: result = tb_guest_room(guest, mail->words[0]); break;
    case TB_GUEST_LIMIT: result = (u64)tblvm_store_limit(store, TB_TEXT(0), mail->words[1]); break;
    case TB_GUEST_VARIABLE: result = (u64)tblvm_store_variable(store, TB_TEXT(0)); break;
    case TB_GUEST_DEFINE:
      result = (u64)tblvm_store_define(store, TB_TEXT(0), TB_TEXT(1), TB_TEXT(2), tb_guest_host, (void *)(uptr)mail->words[3]);
      break;
    case TB_GUEST_DIRECTORY:
      result = tb_embed_directory ? (u64)tb_embed_directory(store, TB_TEXT(0), mail->words[2] != 0, (int)mail->words[1]) : TBLVM_OK;
      break;
    case TB_GUEST_MAKE: result = (u64)tb_guest_make(guest, TB_TEXT(0), mail->words[1]); break;
    case TB_GUEST_BEGIN: result = (u64)tblvm_begin(context); break;
    case TB_GUEST_CLOSE: result = (u64)tblvm_close(context); break;
    case TB_GUEST_ARGUMENTS: result = (u64)tb_guest_arguments(guest, TB_TEXT(0), TB_NUMBER(1)); break;
    case TB_GUEST_FUNCTIONS: result = tblvm_functions(context); break;
    case TB_GUEST_FUNCTION_NAME: result = tb_guest_text(guest, 0, &used, tblvm_function_name(context, TB_NUMBER(0))); break;
    case TB_GUEST_FUNCTION: result = (u64)tblvm_function(context, TB_TEXT(0)); break;
    case TB_GUEST_SIGNATURE: result = tb_guest_text(guest, 0, &used, tblvm_signature(context, TB_NUMBER(0))); break;
    case TB_GUEST_EXPORT:
      result = (u64)tblvm_export(context, TB_TEXT(0), &kind);
      mail->words[0] = (u64)kind;
      break;
    case TB_GUEST_SLOTS: result = (uptr)tblvm_slots(context); break;
    case TB_GUEST_CALL: result = (u64)tblvm_call(context, TB_NUMBER(0)); break;
    case TB_GUEST_RUN:
      result = (u64)tblvm_run(context, &kind);
      mail->words[0] = (u64)kind;
      break;
    case TB_GUEST_PREPARE: result = (u64)tblvm_prepare(context, TB_NUMBER(0)); break;
    case TB_GUEST_PUT_STRING:
      result = (u64)tblvm_put_string(context, TB_NUMBER(0), TB_TEXT(1), mail->words[2], (int)mail->words[3]);
      break;
    case TB_GUEST_PUT_ARRAY: result = (u64)tblvm_put_array(context, TB_NUMBER(0), TB_TEXT(1), mail->words[2]); break;
    case TB_GUEST_STRING:
      result = (uptr)tblvm_string(context, TB_NUMBER(0), &count, &wide);
      mail->words[0] = count;
      mail->words[1] = (u64)wide;
      break;
    case TB_GUEST_ARRAY:
      result = (uptr)tblvm_array(context, TB_NUMBER(0), &count);
      mail->words[0] = count;
      break;
    case TB_GUEST_FUEL: result = (u64)tblvm_fuel(context); break;
    case TB_GUEST_SET_FUEL: result = (u64)tblvm_set_fuel(context, (s64)mail->words[0]); break;
    case TB_GUEST_TRAP: result = tb_guest_trap(guest); break;
    case TB_GUEST_FRAME: result = tb_guest_frame(guest, TB_NUMBER(0)); break;
    case TB_GUEST_MEMORY:
      result = (uptr)tblvm_memory(context, TB_NUMBER(0), &value);
      mail->words[0] = value;
      break;
    case TB_GUEST_GLOBAL:
      result = (u64)tblvm_global(context, TB_NUMBER(0), &value, &kind);
      mail->words[0] = value;
      mail->words[1] = (u64)kind;
      break;
    case TB_GUEST_SET_GLOBAL: result = (u64)tblvm_set_global(context, TB_NUMBER(0), mail->words[1]); break;
    case TB_GUEST_TABLE: result = (u64)tblvm_table(context, TB_NUMBER(0)); break;
    case TB_GUEST_TABLE_GET: result = (u64)tb_guest_table_get(guest, TB_NUMBER(0), TB_NUMBER(1)); break;
    case TB_GUEST_TABLE_SET:
      bound.function = TB_NUMBER(3);
      result = (u64)tblvm_table_set(context, TB_NUMBER(0), TB_NUMBER(1), mail->words[2] ? &bound : 0);
      break;
    case TB_GUEST_TABLE_GROW:
      bound.function = TB_NUMBER(3);
      result = (u64)tblvm_table_grow(context, TB_NUMBER(0), TB_NUMBER(1), mail->words[2] ? &bound : 0, &before);
      mail->words[0] = before;
      break;
    default: result = TBLVM_MISUSED;
  }
  mail->result = result;
}
