/* What every C fragment of a composed runtime agrees on. The builder generates tb_plan.h for each plan:
 * the configuration, struct tb_store and struct tb_context with the members of the micro-libraries in
 * the plan, and the calls that these asked for (tb_on_start, tb_on_finish, ...). */
#ifndef TB_H
#define TB_H

#include "tb_compiler.h"

/* What memory of settled size is declared as: frames, objects and tables lie in it. */
typedef u64 TB_MAY_ALIAS tb_word;

/* A reference is an offset into the heap cage, never an address. Null is 0. */
typedef u32 tb_ref;

/* The type index of an object whose type no module declares. Module types follow from 16 on; these are
 * the type codes of tblvm.opcodes.types, and two that only the heap knows. */
enum { TB_TYPE_FREE = 0, TB_TYPE_CELLS = 6, TB_TYPE_LATIN1 = 7, TB_TYPE_UTF16 = 14, TB_TYPE_MODULE = 16 };

/* Every object starts with 8 bytes:
 *     31       24 23                    0
 *     [ collector ][ type index         ]   word 0
 *     [ length, hash or lock            ]   word 1 */
enum { TB_HEADER = 8 };
#define TB_TYPE_MASK 0xffffffu

/* Unaligned, alias-free access; compilers make a single instruction of it. */
#define TB_DEFINE_ACCESS(type)                                                                      \
  static inline TB_UNUSED type tb_load_##type(const void *at) {                                     \
    type value;                                                                                     \
    __builtin_memcpy(&value, at, sizeof value);                                                     \
    return value;                                                                                   \
  }                                                                                                 \
  static inline TB_UNUSED void tb_store_##type(void *at, type value) {                              \
    __builtin_memcpy(at, &value, sizeof value);                                                     \
  }
TB_DEFINE_ACCESS(u8)
TB_DEFINE_ACCESS(s8)
TB_DEFINE_ACCESS(u16)
TB_DEFINE_ACCESS(s16)
TB_DEFINE_ACCESS(u32)
TB_DEFINE_ACCESS(u64)
TB_DEFINE_ACCESS(float)
TB_DEFINE_ACCESS(double)

static inline TB_UNUSED u32 tb_bits_f32(float number) {
  u32 bits;
  __builtin_memcpy(&bits, &number, sizeof bits);
  return bits;
}
static inline TB_UNUSED float tb_f32_bits(u32 bits) {
  float number;
  __builtin_memcpy(&number, &bits, sizeof number);
  return number;
}
static inline TB_UNUSED u64 tb_bits_f64(double number) {
  u64 bits;
  __builtin_memcpy(&bits, &number, sizeof bits);
  return bits;
}
static inline TB_UNUSED double tb_f64_bits(u64 bits) {
  double number;
  __builtin_memcpy(&number, &bits, sizeof number);
  return number;
}

#include "tb_numeric.h"
#include "tb_plan.h"

static inline TB_UNUSED u8 *tb_object(struct tb_context *cx, tb_ref reference) {
  return tb_cage(cx) + reference;
}
static inline TB_UNUSED u32 tb_object_type(struct tb_context *cx, tb_ref reference) {
  return tb_load_u32(tb_object(cx, reference)) & TB_TYPE_MASK;
}
static inline TB_UNUSED u32 tb_object_length(struct tb_context *cx, tb_ref reference) {
  return tb_load_u32(tb_object(cx, reference) + 4);
}

#endif
