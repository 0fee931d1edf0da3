/* A worker that lies: it speaks the mail protocol (isolation/c/tb_guest.h), and answers as its rules say. They are in a
 * place of the executable that tests write (tests/attacks/fake/__init__.py). It has no walls: what it does, it may. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GATE = 3, ARENA = 4, WORDS = 8, MOST = 32 };
enum { ANSWER, END, STOP, SILENT, FLOOD, EMPTY, LONG, SEND, HANG_UP, RANDOM, FLIP, SHRINK, KILLED, TWICE };
#define ANY 0xffffffffu

struct mail {
  volatile uint64_t kind, what, words[WORDS], result, flag, died[8];
  volatile uint8_t text[4096 - 8 * (WORDS + 12)];
};

/* on: the number of a function, or ANY, of which the first `skip` go by; how: what is done; the other words: the mail. */
struct rule {
  uint64_t on, skip, how, kind, what, words[WORDS], result;
};

__attribute__((used)) static volatile struct {
  char magic[16];
  uint64_t seed, count, numbers[16];
  struct rule rules[MOST];
} script = {"tblvm fake rule", 0, 0, {0}, {{0, 0, 0, 0, 0, {0}, 0}}};

/* Numbers of functions, which the host knows too: script.numbers, in this order. */
enum { ROOM, MAKE, FUNCTIONS, FUNCTION_NAME, SIGNATURE, SLOTS, FUEL, MEMORY, KINDS };

#define BASE ((uint64_t)0x100000000000)
static struct mail *const mail = (struct mail *)BASE;
static uint64_t state;
static int handed_over;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

/* Numbers that are hard: small ones, ends of the arena, of 32 and of 64 bits. */
static uint64_t hard(void) {
  static const uint64_t some[] = {0, 1, 2, 255, 256, 4096, 0x7fffffff, 0x80000000, 0xffffffff, ~(uint64_t)0, (uint64_t)1 << 63};
  uint64_t pick = next() % 8;
  if (pick < 3) return some[next() % (sizeof some / sizeof *some)];
  if (pick < 5) return BASE + next() % 0x200000;
  if (pick == 5) return BASE - next() % 16;
  return next() >> next() % 64;
}

static void *flip(void *unused) {
  (void)unused;
  for (;;) {
    for (int i = 0; i < WORDS; i++) mail->words[i] = hard();
    mail->result = next() % 2 ? BASE + next() % 0x100000 : hard();
    for (int i = 0; i < 64; i++) ((volatile uint8_t *)BASE)[0x3000 + next() % 64] = (uint8_t)next();
    if (next() % 64 == 0) mail->kind = next() % 5;
  }
  return 0;
}

static void send_descriptors(void) {
  char byte = 'g', room[CMSG_SPACE(4 * sizeof(int))];
  struct iovec one = {&byte, 1};
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  memset(room, 0, sizeof room);
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(4 * sizeof(int));
  int given[4] = {0, 1, 2, ARENA};
  memcpy(CMSG_DATA(head), given, sizeof given);
  sendmsg(GATE, &message, MSG_NOSIGNAL);
}

static void hand_over(void) {
  char byte = 0;
  if (send(GATE, &byte, 1, MSG_NOSIGNAL) != 1) _exit(0);
}

static void await(void) {
  char bytes[16];
  if (recv(GATE, bytes, sizeof bytes, 0) <= 0) _exit(0);
}

/* What an honest guest would say, of a program with one function of each kind. */
static void honest(uint64_t what) {
  static const char name[] = "f", types[] = "i>i";
  memcpy((void *)(BASE + 0x3000), name, sizeof name);
  memcpy((void *)(BASE + 0x3100), types, sizeof types);
  mail->kind = 4;
  mail->result = 0;
  uint32_t kind = 0;
  while (kind < KINDS && script.numbers[kind] != what) kind++;
  switch (kind) {
    case ROOM: mail->result = BASE + 0x10000; break;
    case MAKE: mail->flag = BASE + 0x2ff0, mail->words[0] = BASE + 0x3000, mail->words[1] = 0; break;
    case FUNCTIONS: mail->result = 1; break;
    case FUNCTION_NAME: mail->result = 1, mail->words[0] = BASE + 0x3000, mail->words[1] = 1; break;
    case SIGNATURE: mail->result = 1, mail->words[0] = BASE + 0x3100, mail->words[1] = 3; break;
    case SLOTS: mail->result = BASE + 0x2000; break;
    case FUEL: mail->result = 1000; break;
    case MEMORY: mail->result = BASE + 0x40000, mail->words[0] = 65536; break;
    default: break;
  }
}

static void do_as_said(volatile struct rule *rule, uint64_t what) {
  char bytes[4096];
  pthread_t thread;
  memset(bytes, 'g', sizeof bytes);
  switch (rule->how) {
    case END: _exit((int)rule->result);
    case STOP: raise(SIGSTOP); break;
    case SILENT:
      for (;;) pause();
    case FLOOD:
      for (uint64_t i = 0; i < rule->result; i++) send(GATE, bytes, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      break;
    case EMPTY: send(GATE, bytes, 0, MSG_NOSIGNAL); break;
    case LONG: send(GATE, bytes, sizeof bytes, MSG_NOSIGNAL); break;
    case SEND:
      honest(what);
      send_descriptors();
      handed_over = 1;
      return;
    case HANG_UP: shutdown(GATE, SHUT_RDWR), close(GATE); break;
    case RANDOM:
      honest(what);
      if (next() % 3 == 0) mail->kind = next() % 4 ? 3 + next() % 2 : hard();
      mail->what = next() % 3 ? next() % 12 : hard();
      for (int i = 0; i < WORDS; i++)
        if (next() % 2) mail->words[i] = hard();
      if (next() % 2) mail->result = next() % 4 ? hard() : next() % 10;
      for (int i = 0; i < 64; i++)
        if (next() % 8 == 0) ((volatile uint8_t *)BASE)[0x3000 + next() % 0x200] = (uint8_t)next();
      if (next() % 50 == 0) _exit((int)(next() % 256));
      return;
    case FLIP: pthread_create(&thread, 0, flip, 0); break;
    case SHRINK: mail->words[7] = (uint64_t)ftruncate(ARENA, 0); break;
    case KILLED: raise((int)rule->result); break;
    case TWICE: hand_over(); break;
    default:
      mail->kind = rule->kind;
      mail->what = rule->what;
      for (int i = 0; i < WORDS; i++) mail->words[i] = rule->words[i];
      mail->result = rule->result;
      return;
  }
  honest(what);
}

int main(void) {
  uint64_t size = (uint64_t)lseek(ARENA, 0, SEEK_END), seen[MOST] = {0};
  if (mmap((void *)BASE, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, ARENA, 0) != (void *)BASE) _exit(2);
  uint32_t walls[9] = {11, 0, 4, 50, 0x7f, 30, 0, 2, 3}; /* they are up, it says */
  memcpy((void *)mail->text, walls, sizeof walls);
  state = script.seed | 1;
  hand_over();
  for (;;) {
    await();
    if (mail->kind != 1) { /* an answer: the call is done then */
      mail->result = 0;
      mail->kind = 4;
      hand_over();
      continue;
    }
    uint64_t what = mail->what;
    int done = 0;
    for (uint64_t i = 0; i < script.count && !done; i++) {
      volatile struct rule *rule = &script.rules[i];
      if (rule->on != ANY && rule->on != what) continue;
      if (seen[i]++ < rule->skip) continue;
      do_as_said(rule, what);
      done = 1;
    }
    if (!done) honest(what);
    if (!handed_over) hand_over();
    handed_over = 0;
  }
}
