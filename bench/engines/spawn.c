/* What processes take from start to end, and the most memory that they have.

       spawn ROUNDS -- COMMAND WORDS… -- COMMAND WORDS…

   starts each command in turn, ROUNDS times, and prints a line for each: its number, nanoseconds from before the
   process is made to after it is waited for, nanoseconds of processor that it used, KiB of memory (VmHWM) where the
   command was run once more under trace, in round 0, else 0. Standard output of commands goes nowhere. It is small and
   static, so that what is measured is the commands' and not that of a large process that forks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

extern char **environ;

static long long now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char *what, const char *command) {
  fprintf(stderr, "spawn: %s: %s\n", command, what);
  exit(1);
}

static void ended_well(int status, const char *command) {
  if (!WIFEXITED(status) || WEXITSTATUS(status)) fail("it failed", command);
}

static void timed(char **command, posix_spawn_file_actions_t *actions, long long *wall, long long *used) {
  pid_t made;
  int status;
  struct rusage usage;
  long long began = now();
  if (posix_spawn(&made, command[0], actions, NULL, command, environ)) fail("it does not start", command[0]);
  if (wait4(made, &status, 0, &usage) < 0) fail("it is gone", command[0]);
  *wall = now() - began;
  ended_well(status, command[0]);
  *used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
          (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

static long resident(pid_t process) {
  char line[256];
  long found = 0;
  snprintf(line, sizeof line, "/proc/%d/status", (int)process);
  FILE *file = fopen(line, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, "VmHWM:", 6)) found = atol(line + 6);
  fclose(file);
  return found;
}

/* Of the process alone, when it is about to end: what `getrusage` tells of a child begins with what its parent had. */
static long memory(char **command) {
  pid_t made = fork();
  if (!made) {
    dup2(open("/dev/null", O_WRONLY), 1);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execv(command[0], command);
    _exit(127);
  }
  int status;
  long found = 0;
  if (waitpid(made, &status, 0) < 0 || !WIFSTOPPED(status)) fail("it does not start", command[0]);
  ptrace(PTRACE_SETOPTIONS, made, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
  for (long signal = 0;;) {
    ptrace(PTRACE_CONT, made, NULL, signal);
    if (waitpid(made, &status, 0) < 0) fail("it is gone", command[0]);
    if (!WIFSTOPPED(status)) break;
    signal = 0;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
      found = resident(made);
    } else {
      signal = WSTOPSIG(status);
    }
  }
  ended_well(status, command[0]);
  return found;
}

int main(int argc, char **argv) {
  char **commands[MOST];
  int rounds = argc > 1 ? atoi(argv[1]) : 0, count = 0;
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "--")) continue;
    if (count == MOST || i + 1 == argc) fail("too many commands, or an empty one", argv[0]);
    argv[i] = NULL;
    commands[count++] = &argv[i + 1];
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < count; i++) {
      long long wall, used;
      timed(commands[i], &actions, &wall, &used);
      printf("%d %lld %lld %ld\n", i, wall, used, round ? 0 : memory(commands[i]));
    }
  }
  return 0;
}
