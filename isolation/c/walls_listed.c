/* System calls that the linker has found (tb_linux_listed.h), as the filter takes them. */
#include "tb_linux_cpu.h"
#include "tb_walls.h"

/* Of these only so much, a row for each way: no memory that can be executed, flags of descriptors and nothing else of
 * them, no file that runs with its owner's rights, none emptied that is not open for writing (O_TRUNC; O_WRONLY, O_RDWR),
 * times of what is open and of no path. PROT_READ and PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS, MAP_NORESERVE and
 * MAP_FIXED_NOREPLACE; F_SETFL; S_ISUID, S_ISGID, S_ISVTX. */
static const struct tb_walls_call tb_walls_rules[] = {
    {TB_LINUX_MMAP, 3, {{2, ~(u64)3, 0}, {3, ~(u64)0x104000, 0x22}, {4, 0xffffffffu, 0xffffffffu}}},
    {TB_LINUX_MPROTECT, 1, {{2, ~(u64)3, 0}}},
    {TB_LINUX_FCNTL, 1, {{1, 0xffffffffu, 4}}},
    {TB_LINUX_OPENAT, 2, {{2, 01000, 0}, {3, 07000, 0}}},
    {TB_LINUX_OPENAT, 2, {{2, 1, 1}, {3, 07000, 0}}},
    {TB_LINUX_OPENAT, 2, {{2, 2, 2}, {3, 07000, 0}}},
    {TB_LINUX_MKDIRAT, 1, {{2, 07000, 0}}},
    {TB_LINUX_UTIMENSAT, 1, {{1, ~(u64)0, 0}}},
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
    u32 before = count;
    for (u32 i = 0; i < sizeof tb_walls_rules / sizeof *tb_walls_rules; i++) {
      if (tb_walls_rules[i].number != *listed) continue;
      if (count == most) __builtin_trap();
      calls[count++] = tb_walls_rules[i];
    }
    if (count > before) continue;
    if (count == most) __builtin_trap();
    calls[count++] = (struct tb_walls_call)TB_WALLS_CALL(*listed);
  }
  return count;
}
