/* The other one's names. */
#include "tb.h"

#define FACTOR 5
enum { HIGH = 7, LOW = HIGH };
struct pair {
  u8 none;
  u32 amount;
};
typedef u64 amount;
static u32 table, more;

static amount read(const struct pair *from) { return from->amount + (amount)(HIGH - LOW) + table + more; }

u32 twins_right(struct tb_context *cx, u32 a) {
  struct pair all = {0, a * FACTOR};
  (void)cx;
  return (u32)read(&all);
}
