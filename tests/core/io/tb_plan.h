/* What the builder would generate, for driver.c. */
#ifndef TB_IO_BUFFER
#define TB_IO_BUFFER 256
#endif
#ifndef TB_IO_INPUT_BUFFER
#define TB_IO_INPUT_BUFFER 256
#endif
#define TB_INTERRUPTED(cx) 0
#define TB_CONSOLE_READ(cx, to, bytes) ((void)(cx), tb_platform_read(0, to, bytes))
#define TB_CONSOLE_WRITE(cx, from, bytes) ((void)(cx), tb_platform_write(1, from, bytes))
#ifndef TB_STRING_KINDS
#define TB_STRING_KINDS 2
#endif

struct tb_store {
  u32 io_in_at;
  u32 io_in_end;
  u8 io_in[TB_IO_INPUT_BUFFER];
  u32 io_out_used;
  u32 io_out_lost;
  u8 io_out[TB_IO_BUFFER];
};
struct tb_context {
  struct tb_store *store;
  u8 *cage;
};

static inline TB_UNUSED struct tb_store *tb_store_of(struct tb_context *cx) { return cx->store; }
static inline TB_UNUSED u8 *tb_cage(struct tb_context *cx) { return cx->cage; }

void test_before_block(struct tb_context *cx);
static inline TB_UNUSED void tb_before_block(struct tb_context *cx) { test_before_block(cx); }
