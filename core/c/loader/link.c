/* From a module to what the engine runs: core/program.py in C. Code is rewritten in place. */
#include "tb_frame.h"
#include "tb_verify.h"

/* The longest link is that of the narrowest cells, of 32 bits (core/program.py). */
enum { TB_MAX_PADDED = 9, TB_LONGEST_LINK = 3 };

/* Bytes that *number* takes as LEB128. */
static u32 tb_leb_size(s64 number, u32 is_signed) {
  u32 size = 1;
  for (s64 high = number >> (is_signed ? 6 : 7); high != 0 && !(is_signed && high == -1); high >>= 7) size++;
  return size;
}

/* Byte offsets of the fields of each class: wider ones first, otherwise in order. */
void tb_module_layout(struct tb_module *module) {
  module->field_offsets = tb_module_keep(module, module->section[TB_SECTION_TYPE_LIST].size);
  for (u32 i = 0; i < module->types; i++) {
    struct tb_type_row row = tb_module_type(module, i);
    u32 at = TB_HEADER;
    for (u32 size = 8; row.kind == TB_KIND_CLASS && size; size /= 2) {
      for (u32 each = row.first; each < row.first + row.a; each++) {
        if (tb_stored_size(tb_module_word(module, TB_SECTION_TYPE_LIST, each)) != size) continue;
        module->field_offsets[each] = at;
        at += size;
      }
    }
  }
}

void tb_link_instruction(struct tb_module *module, const struct tb_instruction *instruction) {
  s64 values[TB_IMMEDIATES];
  u32 kinds[TB_IMMEDIATES], count = 0, far = 0, local = 1;
  for (u32 i = 0; i < instruction->count; i++) {
    u32 kind = instruction->kinds[i], is_kept = instruction->form->kept >> i & 1, bit = local;
    s64 value = instruction->immediates[i];
    if (kind == TB_IMM_LOCAL) local <<= 1;
    if (!is_kept) continue;
    if (kind == TB_IMM_LOCAL && value >= instruction->parameters) {
      if (tb_leb_size(value + TB_LONGEST_LINK, 0) != tb_leb_size(value, 0))
        far |= bit;
      else
        value += TB_LINK;
    }
    if (kind == TB_IMM_FIELD) { /* right behind its class */
      struct tb_type_row class = tb_module_named(module, (u32)instruction->immediates[i - 1]);
      value = module->field_offsets[class.first + value];
    }
    kinds[count] = kind;
    values[count++] = value;
  }
  u8 *at = instruction->code + instruction->at, *end = instruction->code + instruction->after;
  u32 number = tb_handlers[instruction->form->handlers + far];
  if (number == TB_NO_HANDLER) { /* the module may still turn out to be invalid, which counts more */
    if (module->lacking == TB_NONE) {
      module->lacking = module->function;
      module->lacking_offset = module->offset;
    }
    return;
  }
  if (number > 0xff) *at++ = (u8)(number >> 8); /* in place of the prefix */
  *at++ = (u8)number;
  if (!count && at != end) { /* what is fetched before the opcode is known */
    kinds[0] = TB_IMM_IMM_U;
    values[count++] = 0;
  }
  for (u32 i = 0; i < count; i++) {
    u32 is_signed = kinds[i] == TB_IMM_IMM_S, size = tb_leb_size(values[i], is_signed);
    u64 room = (u64)(end - at), left = i == count - 1 ? room : size;
    if (size > room || left > TB_MAX_PADDED || left < size)
      tb_refuse(module, TB_INVALID, "its immediates are too long for resolved code");
    for (; left; left--, values[i] >>= 7) *at++ = (u8)((values[i] & 0x7f) | (left > 1 ? 0x80 : 0));
  }
}
