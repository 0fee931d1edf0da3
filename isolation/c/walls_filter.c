/* The filter of system calls, for seccomp: a program in classic BPF (uapi/linux/filter.h, uapi/linux/seccomp.h). */
#include "tb_walls_filter.h"
#include "walls_linux.h"

enum { TB_BPF_LOAD = 0x20, TB_BPF_AND = 0x54, TB_BPF_EQUAL = 0x15, TB_BPF_AT_LEAST = 0x35, TB_BPF_RETURN = 0x06 };
/* Where struct seccomp_data has them. */
enum { TB_SECCOMP_NUMBER = 0, TB_SECCOMP_PROCESSOR = 4, TB_SECCOMP_ARGUMENTS = 16 };
enum { TB_SECCOMP_KILL = (int)0x80000000u, TB_SECCOMP_TRAP = 0x30000, TB_SECCOMP_ALLOW = 0x7fff0000 };

/* One too many is counted, and not written. */
static void tb_walls_put(struct tb_walls_filter *filter, u32 code, u32 equal, u32 other, u32 number) {
  if (filter->length < TB_WALLS_FILTER_MOST)
    filter->code[filter->length] = (u64)number << 32 | (u64)(other & 0xff) << 24 | (u64)(equal & 0xff) << 16 | code;
  filter->length++;
}

/* How many instructions a half of a condition takes: none where the mask has nothing there. */
static u32 tb_walls_half_length(u32 mask) { return !mask ? 0 : mask == 0xffffffffu ? 2 : 3; }

static u32 tb_walls_length(const struct tb_walls_call *call) {
  u32 length = 0;
  for (u32 i = 0; i < call->conditions; i++)
    length += tb_walls_half_length((u32)call->when[i].mask) + tb_walls_half_length((u32)(call->when[i].mask >> 32));
  return length;
}

/* left: how many instructions of the call's are to come, the return not counted. */
static void tb_walls_half(struct tb_walls_filter *filter, u32 place, u32 mask, u32 value, u32 *left) {
  if (!mask) return;
  *left -= tb_walls_half_length(mask);
  tb_walls_put(filter, TB_BPF_LOAD, 0, 0, place);
  if (mask != 0xffffffffu) tb_walls_put(filter, TB_BPF_AND, 0, 0, mask);
  tb_walls_put(filter, TB_BPF_EQUAL, 0, *left + 1, value & mask);
}

u32 tb_walls_filter(struct tb_walls_filter *filter, const struct tb_walls_call *calls, u32 count) {
  static const struct tb_walls_call end = TB_WALLS_CALL(TB_LINUX_EXIT_GROUP);
  filter->length = 0;
  /* A call of another processor's (int 0x80 on x86-64) has numbers of its own. */
  tb_walls_put(filter, TB_BPF_LOAD, 0, 0, TB_SECCOMP_PROCESSOR);
  tb_walls_put(filter, TB_BPF_EQUAL, 1, 0, (u32)TB_WALLS_AUDIT);
  tb_walls_put(filter, TB_BPF_RETURN, 0, 0, (u32)TB_SECCOMP_KILL);
  tb_walls_put(filter, TB_BPF_LOAD, 0, 0, TB_SECCOMP_NUMBER);
#if defined __x86_64__
  /* So have those of x32: numbers from 0x40000000 on. */
  tb_walls_put(filter, TB_BPF_AT_LEAST, 0, 1, 0x40000000);
  tb_walls_put(filter, TB_BPF_RETURN, 0, 0, (u32)TB_SECCOMP_KILL);
#endif
  for (u32 i = 0; i <= count; i++) {
    const struct tb_walls_call *call = i < count ? calls + i : &end;
    u32 left = tb_walls_length(call);
    /* The number is loaded already, unless the conditions of the last call were looked at. */
    u32 again = left ? 1 : 0;
    tb_walls_put(filter, TB_BPF_EQUAL, 0, left + 1 + again, call->number);
    for (u32 j = 0; j < call->conditions; j++) {
      u32 place = TB_SECCOMP_ARGUMENTS + 8 * (u32)call->when[j].argument;
      tb_walls_half(filter, place, (u32)call->when[j].mask, (u32)call->when[j].value, &left);
      tb_walls_half(filter, place + 4, (u32)(call->when[j].mask >> 32), (u32)(call->when[j].value >> 32), &left);
    }
    tb_walls_put(filter, TB_BPF_RETURN, 0, 0, TB_SECCOMP_ALLOW);
    if (again) tb_walls_put(filter, TB_BPF_LOAD, 0, 0, TB_SECCOMP_NUMBER);
  }
  tb_walls_put(filter, TB_BPF_RETURN, 0, 0, TB_SECCOMP_TRAP);
  return filter->length <= TB_WALLS_FILTER_MOST;
}
