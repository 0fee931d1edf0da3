/* The rt library reads nothing of a plan; tb.h wants these. */
struct tb_context {
  u8 *cage;
};
static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }
