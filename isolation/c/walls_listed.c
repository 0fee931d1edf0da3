/* System calls that the linker has found (tb_linux_listed.h), as the filter takes them. */
#include "tb_linux_cpu.h"
#include "tb_walls.h"

/* Of these only so much: no memory that can be executed, flags of descriptors and nothing else of them. PROT_READ and
 * PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS, MAP_NORESERVE and MAP_FIXED_NOREPLACE; F_SETFL. */
static const struct tb_walls_call tb_walls_rules[] = {
    {TB_LINUX_MMAP, 3, {{2, ~(u64)3, 0}, {3, ~(u64)0x104000, 0x22}, {4, 0xffffffffu, 0xffffffffu}}},
    {TB_LINUX_MPROTECT, 1, {{2, ~(u64)3, 0}}},
    {TB_LINUX_FCNTL, 1, {{1, 0xffffffffu, 4}}},
};

u32 tb_walls_has(const struct tb_walls_call *calls, u32 count, u32 number) {
  for (u32 i = 0; i < count; i++)
    if (calls[i].number == number) return 1;
  return 0;
}

u32 tb_walls_listed(const u32 *listed, const u32 *end, struct tb_walls_call *calls, u32 most) {
  u32 count = 0;
  for (; listed < end; listed++) {
    if (tb_walls_has(calls, count, *listed)) continue;
    if (count == most) __builtin_trap();
    calls[count] = (struct tb_walls_call)TB_WALLS_CALL(*listed);
    for (u32 i = 0; i < sizeof tb_walls_rules / sizeof *tb_walls_rules; i++)
      if (tb_walls_rules[i].number == *listed) calls[count] = tb_walls_rules[i];
    count++;
  }
  return count;
}
