/* The walls, one step after the other. */
#include "tb_walls.h"
#include "tb_walls_filter.h"
#include "tb_walls_steps.h"
#include "walls_linux.h"

static u32 tb_walls_failed(const struct tb_walls *what, long result) {
  what->found->error = (u32)-result;
  return 1;
}

static u32 tb_walls_descriptors(const struct tb_walls *what) {
  u64 from = 0;
  for (u32 i = 0; i <= what->open_count; i++) {
    /* Up to the next one that stays; behind the last of them, up to the end. */
    u64 next = i < what->open_count ? (u64)(u32)what->open[i] : 1ul << 32;
    if (next > from) {
      long done = tb_walls_call(TB_WALLS_CLOSE_RANGE, from, next - 1, 0, 0, 0);
      if (done < 0) return tb_walls_failed(what, done);
    }
    from = next + 1;
  }
  what->found->descriptors = what->open_count;
  return 0;
}

enum { TB_PR_GET_DUMPABLE = 3, TB_PR_SET_DUMPABLE = 4, TB_PR_SET_NO_NEW_PRIVS = 38, TB_PR_GET_NO_NEW_PRIVS = 39 };

static u32 tb_walls_dump(const struct tb_walls *what) {
  if (!what->dumpable) {
    long done = tb_walls_call(TB_WALLS_PRCTL, TB_PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (done < 0) return tb_walls_failed(what, done);
  }
  long now = tb_walls_call(TB_WALLS_PRCTL, TB_PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (now < 0 || (now == 1 && !what->dumpable)) return tb_walls_failed(what, now < 0 ? now : -1);
  what->found->dumpable = now == 1;
  return 0;
}

static u32 tb_walls_privileges(const struct tb_walls *what) {
  long done = tb_walls_call(TB_WALLS_PRCTL, TB_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (done < 0) return tb_walls_failed(what, done);
  done = tb_walls_call(TB_WALLS_PRCTL, TB_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  return done == 1 ? 0 : tb_walls_failed(what, done < 0 ? done : -1);
}

/* Everything that the version knows is forbidden: what files can be done to, TCP, signals and sockets to those outside
 * (uapi/linux/landlock.h). */
static u32 tb_walls_landlock(const struct tb_walls *what) {
  struct {
    u64 files, network, scoped;
  } all = {0, 0, 0};
  struct {
    u64 rights;
    s32 descriptor, padding;
  } below; /* the kernel's has no padding, and reads none */
  long version = tb_walls_call(TB_WALLS_LANDLOCK_CREATE, 0, 0, 1, 0, 0); /* LANDLOCK_CREATE_RULESET_VERSION */
  if (version < 0 || version < (long)what->landlock_least) {
    /* ENOSYS: the kernel has none; EOPNOTSUPP: it is switched off. Directories without it would be all there are. */
    if (version < 0 && (version == -38 || version == -95) && !what->landlock_least && !what->places_count) return 0;
    return tb_walls_failed(what, version < 0 ? version : -38);
  }
  all.files = 0x1fff;
  if (version >= 2) all.files |= 1u << 13; /* REFER */
  if (version >= 3) all.files |= 1u << 14; /* TRUNCATE */
  if (version >= 5) all.files |= 1u << 15; /* IOCTL_DEV */
  if (version >= 4) all.network = 3;       /* BIND_TCP, CONNECT_TCP */
  if (version >= 6) all.scoped = 3;        /* ABSTRACT_UNIX_SOCKET, SIGNAL */
  long rules = tb_walls_call(TB_WALLS_LANDLOCK_CREATE, (u64)&all, sizeof all, 0, 0, 0);
  if (rules < 0) return tb_walls_failed(what, rules);
  for (u32 i = 0; i < what->places_count; i++) {
    below.rights = what->places[i].rights & all.files;
    below.descriptor = what->places[i].descriptor;
    below.padding = 0;
    long added = tb_walls_call(TB_WALLS_LANDLOCK_ADD, (u64)rules, 1, (u64)&below, 0, 0); /* PATH_BENEATH */
    if (added < 0) return tb_walls_failed(what, added);
  }
  long done = tb_walls_call(TB_WALLS_LANDLOCK_RESTRICT, (u64)rules, 0, 0, 0, 0);
  if (done < 0) return tb_walls_failed(what, done);
  done = tb_walls_call(TB_LINUX_CLOSE, (u64)rules, 0, 0, 0, 0);
  if (done < 0) return tb_walls_failed(what, done);
  what->found->landlock = (u32)version;
  return 0;
}

/* Behind landlock, which needs a descriptor for a moment. */
static u32 tb_walls_limits(const struct tb_walls *what) {
  for (u32 i = 0; i < TB_WALLS_LIMITS; i++) {
    u64 limit[2] = {what->limits[i], what->limits[i]}, now[2];
    if (limit[0] == TB_WALLS_AS_IS) continue;
    /* Who is over the time of processor gets a signal that a handler reports, and a second later one that it cannot. */
    if (i == TB_WALLS_CPU) limit[1]++;
    long done = tb_walls_call(TB_WALLS_PRLIMIT64, 0, i, 0, (u64)now, 0);
    if (done < 0) return tb_walls_failed(what, done);
    /* What is lower already stays. */
    if (now[1] < limit[1]) limit[1] = now[1];
    if (limit[1] < limit[0]) limit[0] = limit[1];
    done = tb_walls_call(TB_WALLS_PRLIMIT64, 0, i, (u64)limit, (u64)now, 0);
    if (done < 0) return tb_walls_failed(what, done);
    done = tb_walls_call(TB_WALLS_PRLIMIT64, 0, i, 0, (u64)now, 0);
    if (done < 0 || now[0] != limit[0] || now[1] != limit[1]) return tb_walls_failed(what, done < 0 ? done : -22);
    what->found->limits |= 1u << i;
  }
  return 0;
}

static u32 tb_walls_seccomp(const struct tb_walls *what) {
  struct tb_walls_filter filter;
  if (!tb_walls_filter(&filter, what->calls, what->calls_count)) return tb_walls_failed(what, -7); /* E2BIG */
  struct { /* struct sock_fprog */
    u16 length, padding[3];
    const u64 *code;
  } program = {(u16)filter.length, {0, 0, 0}, filter.code};
  /* SECCOMP_SET_MODE_FILTER; SECCOMP_FILTER_FLAG_TSYNC: all threads, or else the number of one that cannot. */
  long done = tb_walls_call(TB_WALLS_SECCOMP, 1, 1, (u64)&program, 0, 0);
  if (done) return tb_walls_failed(what, done < 0 ? done : -3);
  what->found->filter = filter.length;
  return 0;
}

u32 tb_walls_up(const struct tb_walls *what) {
  *what->found = (struct tb_walls_found){0};
#define TB_WALLS_DO(name, function)                                                  \
  do {                                                                               \
    what->found->step = TB_WALLS_STEP_##name;                                        \
    if (function(what)) return TB_WALLS_STEP_##name;                                 \
  } while (0)
  TB_WALLS_DO(DESCRIPTORS, tb_walls_descriptors);
  TB_WALLS_DO(CLOCKS, tb_walls_clocks);
  TB_WALLS_DO(DUMP, tb_walls_dump);
  TB_WALLS_DO(PRIVILEGES, tb_walls_privileges);
  TB_WALLS_DO(LANDLOCK, tb_walls_landlock);
  TB_WALLS_DO(LIMITS, tb_walls_limits);
  TB_WALLS_DO(LIFELINE, tb_walls_lifeline);
  TB_WALLS_DO(SIGNALS, tb_walls_handlers);
  TB_WALLS_DO(FILTER, tb_walls_seccomp);
  TB_WALLS_DO(TEST, tb_walls_test);
#undef TB_WALLS_DO
  what->found->step = TB_WALLS_UP;
  return 0;
}
