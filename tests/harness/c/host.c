/* Interface `host` for tests: every import is there. What it gives follows from its name, its arguments and its type,
 * as tests/harness/host.py has it; names with m make strings, those with f fail for some arguments. */
#include "tb_heap.h"
#include "tb_host.h"
#include "tb_rt.h"

enum { TB_I64 = 2, TB_F32, TB_F64, TB_STRING = 7, TB_FUNCTION };
enum { TB_I32 = 1, TB_ANY = 5 };

static u32 tb_is_object(u32 code) { return code >= TB_ANY && code != TB_FUNCTION; }

static u32 tb_host_sum(u32 sum, u32 code, cell argument) {
  u64 value = argument;
  if (code == TB_F32 && ((u32)value & 0x7fffffff) > 0x7f800000) value = 1; /* a NaN has any bits */
  if (code == TB_F64 && (value & ~0ull >> 1) > 0x7ffull << 52) value = 1;
  if (tb_is_object(code)) value = value != 0;
  return sum * 31 + ((u32)value ^ (u32)(value >> 32));
}

/* The argument that a result of type *code* is: the first one of the type, or the last object; 0 for none. */
static cell tb_host_same(struct tb_context *cx, const struct tb_import *import, u32 code) {
  const u8 *at = import->parameter_codes;
  cell found = 0;
  for (u32 i = 0; i < import->parameters; i++) {
    u32 given = tb_rt_number(&at);
    if (given == code && code != TB_ANY) return tb_host_arguments(cx)[i];
    if (code == TB_ANY && tb_is_object(given)) found = tb_host_arguments(cx)[i];
  }
  return found;
}

static tb_ref tb_host_string(struct tb_context *cx, u32 sum) {
  u32 length = sum % 13;
  tb_ref made = tb_heap_allocate(cx, TB_HEADER + ((length + 7ull) & ~7ull), TB_TYPE_LATIN1, length);
  for (u32 i = 0; made && i < length; i++) tb_object(cx, made)[TB_HEADER + i] = (u8)('a' + (sum >> i) % 26);
  return made;
}

u32 tb_host_call(struct tb_context *cx, u32 which) {
  struct tb_import import = tb_host_import(cx, which);
  const u8 *at = import.parameter_codes;
  u32 sum = import.module_bytes, first = import.name_bytes ? *import.name : 0;
  for (u32 i = 0; i < import.parameters; i++) sum = tb_host_sum(sum, tb_rt_number(&at), tb_host_arguments(cx)[i]);
  if (first == 'f' && sum % 4 == 0) return 1;
  at = import.result_codes;
  for (u32 i = 0; i < import.results; i++, sum = sum * 31 + 1) {
    u32 code = tb_rt_number(&at);
    cell result;
    if (code == TB_I32)
      result = sum;
    else if (code == TB_I64)
      result = (cell)((u64)sum << 32 | sum);
    else if (code == TB_F32)
      result = 0x3f800000 | (sum & 0x7fffff);
    else if (code == TB_F64)
      result = (cell)(0x3ffull << 52 | (u64)sum << 20);
    else if (code == TB_STRING && first == 'm')
      result = tb_host_string(cx, sum);
    else
      result = tb_host_same(cx, &import, code);
    if (code == TB_STRING && first == 'm' && !result) return 1;
    tb_host_results(cx)[i] = result;
  }
  return 0;
}
