// The header in C++.
#include "tblvm.h"

#include <cstdio>

static int answer(uint64_t *slots, tblvm_context *, void *) {
  slots[0] = 42;
  return 0;
}

int main() {
  tblvm_store *store = tblvm_store_new();
  tblvm_context *context = nullptr;
  if (tblvm_store_define(store, "env", "ask", "i>i", answer, nullptr) != TBLVM_OK) return 1;
  if (tblvm_store_define(store, "env", "turn", "s[B>[Bs", answer, nullptr) != TBLVM_OK) return 1;
  if (tblvm_load(store, nullptr, 0, &context) != TBLVM_OK) return 2;
  tblvm_bound bound{context, static_cast<uint32_t>(tblvm_function(context, "asks"))};
  if (tblvm_enter(&bound) != TBLVM_OK || tblvm_slots(context)[0] != 42) return 3;
  if (tblvm_call(context, static_cast<uint32_t>(tblvm_function(context, "half"))) != TBLVM_TRAPPED) return 4;
  struct tblvm_trap trap = tblvm_trap(context);
  struct tblvm_frame frame;
  if (!trap.name || !tblvm_frame(context, 0, &frame)) return 5;
  std::puts(trap.name);
  return tblvm_store_free(store);
}
