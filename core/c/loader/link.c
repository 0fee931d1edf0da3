/* From a module to what the engine runs: core/program.py in C. Code is rewritten in place. */
#include "tb_classes.h"
#include "tb_frame.h"
#include "tb_verify.h"

/* The longest link is that of the narrowest cells, of 32 bits (core/program.py). */
enum { TB_MAX_PADDED = 9, TB_MAX_BRANCH_PLACE = 5, TB_LONGEST_LINK = 3 };

/* Bytes that *number* takes as LEB128. */
static u32 tb_leb_size(s64 number, u32 is_signed) {
  u32 size = 1;
  for (s64 high = number >> (is_signed ? 6 : 7); high != 0 && !(is_signed && high == -1); high >>= 7) size++;
  return size;
}

/* Branch tables are given places when all of them are known: meanwhile their targets stay where they are. Of each is
 * kept where the LEB128 of its place goes, and where the number of its targets stands, as offsets in the code. */
void tb_link_begin(struct tb_module *module) {
  /* Prefix, opcode, number, one target. */
  module->branch_tables = tb_module_lend(module, 8 * ((u64)module->code.size / 4));
  module->branch_table_count = 0;
}

void tb_link_end(struct tb_module *module) {
  const u8 *code_end = module->code.at + module->code.size;
  u32 count = module->branch_table_count, words = 0;
  s32 number = 0;
  /* Short ones first: they have the least room for their place. */
  u64 *order = tb_module_lend(module, 8 * (u64)count);
  for (u32 i = 0; i < count; i++) {
    const u8 *at = module->code.at + (u32)module->branch_tables[i];
    tb_module_leb(&at, code_end, TB_LEB_UNSIGNED, &number);
    order[i] = (u64)(u32)number << 32 | i;
    words += (u32)number + 2;
  }
  tb_sort(order, count);
  module->branches = tb_module_keep(module, (u64)words * 4);
  words = 0;
  for (u32 i = 0; i < count; i++) {
    u64 place = module->branch_tables[(u32)order[i]];
    u8 *to = module->code.at + (place >> 32);
    const u8 *at = module->code.at + (u32)place;
    u64 first = words;
    u32 left = (u32)(order[i] >> 32) + 1;
    module->branches[words++] = left - 1;
    tb_module_leb(&at, code_end, TB_LEB_UNSIGNED, &number);
    for (; left; left--) {
      tb_module_leb(&at, code_end, TB_LEB_UNSIGNED, &number);
      module->branches[words++] = (u32)number;
    }
    u64 room = (u64)(at - to), padded = room < TB_MAX_BRANCH_PLACE ? room : TB_MAX_BRANCH_PLACE;
    if (first >> 7 * padded) tb_refuse(module, TB_TOO_LARGE, "it has too many branch tables");
    for (u64 byte = 0; byte < room; byte++, first >>= 7) to[byte] = (u8)((first & 0x7f) | (byte + 1 < padded ? 0x80 : 0));
  }
}

/* What a call of a method needs: of a class, slot and place of the object in one number; of an interface, the number of
 * the method among those of all interfaces. */
static s64 tb_link_method(const struct tb_module *module, u32 owner, u32 method) {
  u32 type = owner - TB_TYPE_MODULE;
  if (tb_module_type(module, type).kind == TB_KIND_INTERFACE) return (s64)method + tb_module_kin(module, type)->methods;
  struct tb_function_row row = tb_module_function(module, tb_module_virtual(module, type, method));
  return (s64)method << 7 | tb_module_type(module, row.type).a;
}

void tb_link_instruction(struct tb_module *module, const struct tb_instruction *instruction) {
  s64 values[TB_IMMEDIATES];
  u32 kinds[TB_IMMEDIATES], count = 0, far = 0, local = 1;
  for (u32 i = 0; i < instruction->count; i++) {
    u32 kind = instruction->kinds[i], is_kept = instruction->form->kept >> i & 1, bit = local;
    s64 value = instruction->immediates[i];
    if (kind == TB_IMM_IMM_U32) value = (u32)instruction->immediates[i];
    if (kind == TB_IMM_LOCAL) local <<= 1;
    if (!is_kept) continue;
    if (kind == TB_IMM_LOCAL && value >= instruction->parameters) {
      if (tb_leb_size(value + TB_LONGEST_LINK, 0) != tb_leb_size(value, 0))
        far |= bit;
      else
        value += TB_LINK;
    }
    if (kind == TB_IMM_GLOBAL) value = TB_GLOBAL_NUMBER(module, value);
    if (kind == TB_IMM_FUNCTYPE) value = module->canonical[value];
    if (kind == TB_IMM_FIELD) { /* right behind its class */
      struct tb_type_row class = tb_module_named(module, (u32)instruction->immediates[i - 1]);
      value = module->field_offsets[class.first + value];
    }
    if (TB_CLASSES && kind == TB_IMM_METHOD) value = tb_link_method(module, (u32)instruction->immediates[i - 1], (u32)value);
    if (TB_CLASSES && kind == TB_IMM_REFTYPE && tb_module_named(module, (u32)value).kind == TB_KIND_INTERFACE)
      value = tb_module_kin(module, (u32)value - TB_TYPE_MODULE)->number;
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
    if (kinds[i] == TB_IMM_TARGETS) {
      u64 number_at = (u64)(instruction->targets - module->code.at) - tb_leb_size(values[i], 0);
      module->branch_tables[module->branch_table_count++] = (u64)(at - module->code.at) << 32 | number_at;
      break;
    }
    if (size > room || left > TB_MAX_PADDED || left < size)
      tb_refuse(module, TB_INVALID, "its immediates are too long for resolved code");
    for (; left; left--, values[i] >>= 7) *at++ = (u8)((values[i] & 0x7f) | (left > 1 ? 0x80 : 0));
  }
}
