/* Platform layer on top of a C library: for sanitizers, coverage and other compilers. */
#define _GNU_SOURCE
#include "tb_harness.h"
#include "tb_hosted.h"
#include "tb_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
  static void *start[64];
  start[0] = (void *)(long)count;
  for (int i = 0; i < count && i < 62; i++) start[i + 1] = arguments[i];
  tb_entry(start);
}

long tb_harness_call(int what, long argument, void *more) {
  if (what == TB_HARNESS_FORK) return fork();
  if (what == TB_HARNESS_WAIT) return waitpid((pid_t)argument, more, 0);
  if (what == TB_HARNESS_PIPE) return pipe(more);
  if (what == TB_HARNESS_DUP) return dup2((int)argument, 0);
  if (what == TB_HARNESS_CLOSE) return close((int)argument);
  return lseek((int)argument, 0, SEEK_CUR);
}

long tb_platform_write(int descriptor, const void *from, u64 bytes) {
  ssize_t done = write(descriptor, from, bytes);
  return done < 0 ? -errno : done;
}

long tb_platform_read(int descriptor, void *to, u64 bytes) {
  ssize_t done = read(descriptor, to, bytes);
  return done < 0 ? -errno : done;
}

long tb_platform_open(const char *path) {
  int done = open(path, O_RDONLY);
  return done < 0 ? -errno : done;
}

_Noreturn void tb_platform_exit(int status) { exit(status); }

_Noreturn void tb_platform_fail(const char *message, u64 bytes) {
  tb_platform_write(2, message, bytes);
  exit(134);
}

s64 tb_hosted_mapped, tb_hosted_later = -1;

/* What a sanitizer should see the ends of. */
static u32 tb_hosted_is_block(u64 bytes) {
#ifdef __SANITIZE_ADDRESS__
  return bytes <= 1 << 16;
#else
  (void)bytes;
  return 0;
#endif
}

static void *tb_hosted_block(u64 bytes) {
  void *at = 0;
  return posix_memalign(&at, 4096, bytes) ? 0 : memset(at, 0, bytes);
}

void *tb_platform_try_map(void *address, u64 bytes) {
  if (tb_hosted_later >= 0 && tb_hosted_later-- == 0) return 0;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED_NOREPLACE : 0);
  void *at = !address && tb_hosted_is_block(bytes) ? tb_hosted_block(bytes)
                                                   : mmap(address, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (!at || at == MAP_FAILED || (address && at != address)) return 0;
  tb_hosted_mapped += (s64)bytes;
  return at;
}

void *tb_platform_map(void *address, u64 bytes) {
  static const char message[] = "tblvm: the system gives no memory\n";
  void *at = tb_platform_try_map(address, bytes);
  if (!at) tb_platform_fail(message, sizeof message - 1);
  return at;
}

static volatile u32 *tb_platform_flag;

static void tb_platform_alarm(int signal) {
  (void)signal;
  *tb_platform_flag = 1;
}

void tb_platform_interrupt_after(u64 milliseconds, volatile u32 *flag) {
  struct sigaction action = {.sa_handler = tb_platform_alarm};
  struct itimerval timer = {{0, 100000}, {(time_t)(milliseconds / 1000), (suseconds_t)(milliseconds % 1000 * 1000)}};
  tb_platform_flag = flag;
  sigaction(SIGALRM, &action, 0);
  if (milliseconds) setitimer(ITIMER_REAL, &timer, 0);
}

u64 tb_platform_clock(u32 which) {
  struct timespec time;
  clock_gettime(which == TB_CLOCK_REAL ? CLOCK_REALTIME : CLOCK_MONOTONIC, &time);
  return (u64)time.tv_sec * 1000000000 + (u64)time.tv_nsec;
}

int tb_platform_wait(u64 nanoseconds, int descriptor) {
  struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
  struct pollfd input = {descriptor, POLLIN, 0};
  int ready = ppoll(&input, 1, &time, 0);
  return ready < 0 ? -errno : ready;
}

long tb_platform_open_write(const char *path) {
  int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return descriptor < 0 ? -errno : descriptor;
}

long tb_platform_close(int descriptor) { return close(descriptor) ? -errno : 0; }

long tb_platform_rename(const char *from, const char *to) { return rename(from, to) ? -errno : 0; }

long tb_platform_remove(const char *path) { return unlink(path) ? -errno : 0; }

u64 tb_platform_memory(void) {
  struct sysinfo info;
  return sysinfo(&info) ? 0 : (u64)info.totalram * info.mem_unit;
}

u64 tb_platform_native_stack(void) { return 8 << 20; }

u32 tb_platform_cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) ? 1 : (u32)CPU_COUNT(&set);
}

void tb_platform_interrupt_flag(volatile u32 *flag) { tb_platform_flag = flag; }

void tb_platform_unmap(void *address, u64 bytes) {
  tb_hosted_mapped -= (s64)bytes;
  if (tb_hosted_is_block(bytes))
    free(address);
  else
    munmap(address, bytes);
}
