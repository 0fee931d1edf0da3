/* Names that the other one has too, one that system headers have, and members called like them. */
#include "tb.h"

#define FACTOR 3
enum { LOW = 1, HIGH };
typedef struct pair {
  u32 amount, read;
} amount;
static const u32 table[] = {0, 0, LOW}, more = HIGH;

static u32 read(amount *from) { return from->amount + from->read * (table[HIGH] - LOW); }

u32 twins_left(struct tb_context *cx, u32 a) {
  amount all = {.amount = a * FACTOR, .read = more};
  (void)cx;
  return read(&all);
}
