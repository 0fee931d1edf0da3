#include "tb_module.h"

void tb_sort(u64 *numbers, u64 count) {
  for (u64 left = count + count / 2; left-- > 1;) {
    u64 root = left >= count ? left - count : 0, end = left >= count ? count : left, child;
    if (left < count) {
      u64 most = numbers[0];
      numbers[0] = numbers[left];
      numbers[left] = most;
    }
    u64 moving = numbers[root];
    for (; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && numbers[child + 1] > numbers[child]) child++;
      if (numbers[child] <= moving) break;
      numbers[root] = numbers[child];
    }
    numbers[root] = moving;
  }
}
