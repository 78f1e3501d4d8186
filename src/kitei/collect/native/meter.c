/* The meter: made, fed by sockets or by hand, asked, ended. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "sflow.h"

enum { BATCH = 64, BUFFER = 65536, SOCKETS = 16 };
enum { STRIDE = BUFFER + 33 * 64 }; /* else the heads of all buffers would want the same few places of the cache */
enum { RUNS = 8, A_RUN = 8192 };    /* of whole runs of datagrams so many are still in the near cache when they are read */
#define PAUSE 1000000ull      /* ns in which datagrams gather */
#define LONG_PAUSE 10000000ull /* where few come, and the kernel may hold many */
enum { FEW = 512 };

static u32 power_of_two(u32 n) {
  u32 p = 1;
  while (p < n) p <<= 1;
  return p;
}

PUBLIC void meter_free(Meter *m);

/* 0 where memory is refused. Sizes are limits: rows are touched only as they are used. */
PUBLIC Meter *meter_new(u32 blocks, u32 hosts6, u32 groups, u32 sessions, u32 templates, u32 template_bytes,
                        u32 exporters, u64 seed) {
  Meter *m = calloc(1, sizeof *m);
  if (!m) return 0;
  m->blocks_max = blocks;
  m->hosts6_max = hosts6;
  m->groups_max = groups + 1;
  m->session_sets = power_of_two((sessions + WAYS - 1) / WAYS);
  m->listed_max = power_of_two(exporters ? exporters : 1);
  m->templates_max = templates;
  m->template_bytes_max = template_bytes;
  m->seed = mix(seed + 1);
  m->epoch = 1;
  m->pause = LONG_PAUSE;
  m->early_packets = m->early_bytes = UINT64_MAX;
  m->hosts_mask = power_of_two(hosts6 * 2 + 64) - 1;
  m->prefixes_mask = power_of_two(groups * 2 + 2) * 2 - 1;
  size_t rows = 1 + (size_t)blocks * 256 + hosts6;
  m->rows = pages(rows * sizeof *m->rows);
  m->group_rows = pages(m->groups_max * sizeof *m->group_rows);
  m->dirty = pages(rows * sizeof *m->dirty);
  m->dir24 = pages((size_t)4 << 24);
  m->blocks = pages(blocks * sizeof *m->blocks);
  m->groups = pages(m->groups_max * sizeof *m->groups);
  m->spilled = pages(m->groups_max * sizeof *m->spilled);
  m->hosts = pages(((size_t)m->hosts_mask + 1) * sizeof *m->hosts);
  m->host_address = pages((size_t)hosts6 * 16);
  m->host_group6 = pages((size_t)hosts6 * 4);
  m->prefixes = pages(((size_t)m->prefixes_mask + 1) * sizeof *m->prefixes);
  m->sessions = pages((size_t)m->session_sets * WAYS * sizeof *m->sessions);
  m->elders = pages((size_t)m->session_sets * WAYS * sizeof *m->elders);
  m->listed = pages((size_t)m->listed_max * 2 * sizeof *m->listed);
  m->buffers = pages((size_t)BATCH * STRIDE);
  if (m->rows && m->group_rows && m->dirty && m->dir24 && m->blocks && m->groups && m->spilled && m->hosts &&
      m->host_address && m->host_group6 && m->prefixes && m->sessions && m->elders && m->listed && m->buffers)
    return m;
  meter_free(m);
  return 0;
}

static void give_back(void *p, size_t size) {
  if (p) munmap(p, size ? size : 1);
}

PUBLIC void meter_free(Meter *m) {
  if (m->sessions)
    for (u32 i = 0; i < m->session_sets * WAYS; i++) forget_templates(m, &m->sessions[i], 2);
  if (m->blocks)
    for (u32 i = 0; i < m->blocks_count; i++) free(m->blocks[i].host_group);
  size_t rows = 1 + (size_t)m->blocks_max * 256 + m->hosts6_max;
  size_t sessions = (size_t)m->session_sets * WAYS;
  give_back(m->rows, rows * sizeof *m->rows);
  give_back(m->group_rows, m->groups_max * sizeof *m->group_rows);
  give_back(m->dirty, rows * sizeof *m->dirty);
  give_back(m->dir24, (size_t)4 << 24);
  give_back(m->blocks, m->blocks_max * sizeof *m->blocks);
  give_back(m->groups, m->groups_max * sizeof *m->groups);
  give_back(m->spilled, m->groups_max * sizeof *m->spilled);
  give_back(m->hosts, ((size_t)m->hosts_mask + 1) * sizeof *m->hosts);
  give_back(m->host_address, (size_t)m->hosts6_max * 16);
  give_back(m->host_group6, (size_t)m->hosts6_max * 4);
  give_back(m->prefixes, ((size_t)m->prefixes_mask + 1) * sizeof *m->prefixes);
  give_back(m->sessions, sessions * sizeof *m->sessions);
  give_back(m->elders, sessions * sizeof *m->elders);
  give_back(m->listed, (size_t)m->listed_max * 2 * sizeof *m->listed);
  give_back(m->buffers, (size_t)BATCH * STRIDE);
  free(m);
}

/* Only exporters on the list are heard from now on (or all again). */
PUBLIC void meter_close(Meter *m, u32 closed) { m->closed = closed; }

/* Keep the first `size` flows read from now on; 0: none. Reading is slower meanwhile. */
PUBLIC void meter_tap(Meter *m, Record *records, u32 size) {
  m->tap = records;
  m->tap_size = size;
  m->tap_count = 0;
  m->tap_for_count = 0;
}

/* Of those, only flows towards this prefix, or one named before; -1: no more can be named. */
PUBLIC int meter_tap_for(Meter *m, const u8 *address, u32 length) {
  if (m->tap_for_count == TAP_TARGETS || length > 128) return -1;
  Target t = {.high_mask = length == 0 ? 0 : length >= 64 ? ~0ull : ~0ull << (64 - length),
              .low_mask = length <= 64 ? 0 : length == 128 ? ~0ull : ~0ull << (128 - length)};
  t.high = get64(address) & t.high_mask;
  t.low = get64(address + 8) & t.low_mask;
  m->tap_for[m->tap_for_count++] = t;
  return 0;
}

PUBLIC u32 meter_tapped(const Meter *m) { return m->tap_count; }

static void datagram(Meter *m, const u8 *b, u32 n, const u8 *address, u16 port) {
  m->datagrams++;
  if (m->closed && !listed(m, address)) {
    m->faults[F_UNLISTED]++;
  } else if (n < 4) {
    m->faults[F_SHORT]++;
  } else {
    u16 version = get16(b);
    if (version == 9 || version == 10) read_sets(m, b, n, address, port);
    else if (version == 5) read_v5(m, b, n, address, port);
    else if (get32(b) == 5) read_sflow(m, b, n, address, port);
    else m->faults[F_VERSION]++;
  }
}

/* One datagram from `address` and `port`, heard at `now`. */
PUBLIC void meter_feed(Meter *m, const u8 *b, u32 n, const u8 *address, u32 port, u64 now) {
  m->now_ns = now;
  datagram(m, b, n, address, (u16)port);
  count_queued(m);
}

/* Many datagrams from one exporter, each behind its length as a native 32-bit number. */
PUBLIC void meter_feed_all(Meter *m, const u8 *b, u64 size, const u8 *address, u32 port, u64 now) {
  m->now_ns = now;
  for (u64 at = 0; at + 4 <= size;) {
    u32 n;
    memcpy(&n, b + at, 4);
    at += 4;
    if (n > size - at) break;
    datagram(m, b + at, n, address, (u16)port);
    at += n;
  }
  count_queued(m);
}

/* A packet that was seen itself, not told of: `length` bytes of it on the wire, standing for `rate` packets. */
PUBLIC int meter_packet(Meter *m, const u8 *b, u32 n, u32 link, u32 length, u32 rate, u64 now) {
  Packet place[2];
  m->now_ns = now;
  const Packet *k = read_packet(m, b, n, (int)link, place);
  if (!k) return 0;
  Hit hit = {k->slot, k->group, (u64)length * rate, rate, k->source, 1, k->sport, k->dport, k->protocol, k->flags, k->fragment};
  count(m, &hit);
  if (m->tap_size) {
    Record r = {.bytes = hit.bytes, .packets = rate, .rate = rate, .group = k->group, .flows = 1, .sport = k->sport,
                .dport = k->dport, .vlan = k->vlan, .family = k->family, .protocol = k->protocol, .flags = k->flags,
                .tos = k->tos, .icmp_type = k->icmp_type, .icmp_code = k->icmp_code, .fragment = k->fragment,
                .tunnel = k->tunnel, .first_ms = now / 1000000, .last_ms = now / 1000000};
    memcpy(r.src, k->src, 16);
    memcpy(r.dst, k->dst, 16);
    tap(m, &r);
  }
  return 1;
}

/* Sessions in use, as many as there is room for. */
PUBLIC u32 meter_sessions(const Meter *m, u8 *to, u32 room) {
  u32 n = 0, size = offsetof(Session, source);
  for (u32 i = 0; i < m->session_sets * WAYS; i++) {
    if (!m->sessions[i].last_ns) continue;
    if (n < room) memcpy(to + (size_t)n * size, &m->sessions[i], size);
    n++;
  }
  return n;
}

PUBLIC u32 meter_size(int what) {
  return what == 0 ? offsetof(Session, source) : what == 1 ? sizeof(Tally) : what == 2 ? sizeof(Record) : FAULTS;
}

static u64 wall_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (u64)t.tv_sec * SECOND + (u64)t.tv_nsec;
}

/* Ask the kernel to say what it dropped and to hand over runs of datagrams at once. */
PUBLIC int meter_prepare(Meter *m, int fd) {
  int one = 1, room = 0;
  socklen_t size = sizeof room;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &size);
  if (room < 32 << 20) m->pause = PAUSE;
  int told = setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one);
  setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one); /* older kernels: one by one */
  return told;
}

static void address_of(const struct sockaddr_storage *from, u8 *address, u16 *port) {
  if (from->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const void *)from;
    memcpy(address, &six->sin6_addr, 16);
    *port = ntohs(six->sin6_port);
  } else {
    const struct sockaddr_in *four = (const void *)from;
    mapped4(address, (const u8 *)&four->sin_addr);
    *port = ntohs(four->sin_port);
  }
}

/* One batch from one socket; how much of a full one it was, in 64ths. `dropped` is the
 * kernel's running count of this socket. */
static int take_batch(Meter *m, int fd, u32 *dropped) {
  struct mmsghdr message[BATCH];
  struct iovec part[BATCH];
  struct sockaddr_storage from[BATCH];
  _Alignas(8) char control[BATCH][64];
  int most = m->takes_runs ? RUNS : BATCH;
  for (int i = 0; i < most; i++) {
    part[i] = (struct iovec){m->buffers + (size_t)i * STRIDE, BUFFER};
    message[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &part[i],
                                         .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = 64};
  }
  int n = recvmmsg(fd, message, (u32)most, MSG_DONTWAIT, 0);
  if (n > 0) m->now_ns = wall_clock();
  u64 bytes = 0;
  for (int i = 0; i < n; i++) {
    u32 size = message[i].msg_len, segment = size;
    bytes += size;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message[i].msg_hdr); c; c = CMSG_NXTHDR(&message[i].msg_hdr, c)) {
      if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
        int told;
        memcpy(&told, CMSG_DATA(c), sizeof told);
        if (told > 0) segment = (u32)told;
      } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
        u32 now;
        memcpy(&now, CMSG_DATA(c), sizeof now);
        m->kernel_drops += now - *dropped;
        *dropped = now;
      }
    }
    u8 address[16];
    u16 port;
    address_of(&from[i], address, &port);
    const u8 *b = part[i].iov_base;
    if (!size) datagram(m, b, 0, address, port);
    for (u32 at = 0; at < size; at += segment)
      datagram(m, b + at, size - at < segment ? size - at : segment, address, port);
  }
  count_queued(m);
  if (n <= 0) return n;
  m->takes_runs = bytes / (u32)n >= A_RUN;
  return n * (BATCH / most);
}

/* Receive on `fds` until the wall clock passes `until`, or `meter_stop`. 0: time is up; 1: stopped; -errno. */
PUBLIC int meter_receive(Meter *m, const int *fds, u32 *dropped, u32 count_of_fds, u64 until) {
  struct pollfd wait[SOCKETS];
  if (count_of_fds > SOCKETS) return -EINVAL;
  u64 before = m->datagrams;
  for (;;) {
    int most = 0;
    for (u32 i = 0; i < count_of_fds; i++) {
      int n = take_batch(m, fds[i], &dropped[i]);
      if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED) return -errno;
      if (n > most) most = n;
    }
    if (__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) return 1;
    u64 now = wall_clock();
    if (now >= until) return 0;
    if (most >= BATCH / 2) continue;
    if (!most) {
      for (u32 i = 0; i < count_of_fds; i++) wait[i] = (struct pollfd){fds[i], POLLIN, 0};
      u64 left = (until - now) / 1000000 + 1;
      if (poll(wait, count_of_fds, left > 100 ? 100 : (int)left) <= 0 || (now = wall_clock()) >= until) continue;
    }
    /* let some gather: a batch costs less than its datagrams one by one, and to wake costs more than ten of them */
    u64 pause = m->datagrams - before > FEW ? PAUSE : m->pause;
    if (pause > until - now) pause = until - now;
    before = m->datagrams;
    nanosleep(&(struct timespec){0, (long)pause}, 0);
  }
}

PUBLIC void meter_stop(Meter *m, int stop) { __atomic_store_n(&m->stop, stop, __ATOMIC_RELAXED); }
