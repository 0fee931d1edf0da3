/* The deadline: a timer signal sets a flag. Without SA_RESTART, so that a blocking read comes back. */
struct tb_kernel_sigaction {
  void (*handler)(int);
  u64 flags;
  void (*restorer)(void);
  u64 mask;
};

static volatile u32 *tb_platform_flag;

static void tb_platform_alarm(int signal) {
  (void)signal;
  *tb_platform_flag = 1;
}

void tb_platform_restore(void);
__asm__(".section .text.tb_platform_restore,\"ax\",@progbits\n"
        ".globl tb_platform_restore\n"
        "tb_platform_restore:\n"
        "  movl $15, %eax\n"
        "  syscall\n"
        ".text\n");

void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  /* SIGALRM = 14; SA_RESTORER, which x86-64 insists on. */
  struct tb_kernel_sigaction action = {tb_platform_alarm, 0x04000000, tb_platform_restore, 0};
  /* Again every 100 ms: what starts to block after the first signal comes back too. */
  u64 timer[4] = {0, 100000, milliseconds / 1000, milliseconds % 1000 * 1000};
  tb_platform_flag = flag;
  call6(SYS_SIGACTION, 14, (long)&action, 0, sizeof action.mask, 0, 0);
  if (milliseconds) call3(SYS_SETITIMER, 0, (long)timer, 0);
}
