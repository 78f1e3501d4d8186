/* A load of RADIUS logins as access servers send them, built with `cc -O2` by load.py, whose words are `name=value`.

   server=A[,B]  auth, acct   where to; a request unanswered for `patience` ms goes to the next, `tries` times in all
   source secret realm users  who asks, and for whom: every user's turn comes, one login in `bad` has a wrong password
   seconds window rate        a closed loop of `window` access servers; with `rate`, so many logins a second instead
   logins first               instead of `seconds`, so many logins; the number of the first, which says whose it is
   accounting=1               each login accepted is followed by its Start and by the Stop of an earlier one
   server=echo                the load's own ceiling: another process answers every packet at once

   Packets are made when they are sent: their identifiers are those of the place in the window, so nothing is
   answered that is not open. A delay is the server's: from the moment of sending, or from when it was due where the
   window was full, to the kernel's stamp on the answer, however late this process comes to read it. Prints one line
   of JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t u8;
enum { AUTH = 1, ACCEPT = 2, REJECT = 3, ACCT = 4, RESPONSE = 5, START = 1, STOP = 2, IDS = 256, LATE = 10000 };
enum { SLOTS = 4096, SERVERS = 2, BATCH = 64, SAMPLES = 4000000 };

/* MD5 (RFC 1321), HMAC-MD5 (RFC 2104) */
static uint32_t sines[64];
static const u8 shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void block(uint32_t s[4], const u8 *p) {
  uint32_t a = s[0], b = s[1], c = s[2], d = s[3], w[16];
  memcpy(w, p, 64);
  for (int i = 0; i < 64; i++) {
    int turn = i >> 4, g = turn == 0 ? i : turn == 1 ? 5 * i + 1 : turn == 2 ? 3 * i + 5 : 7 * i;
    uint32_t f = turn == 0 ? (b & c) | (~b & d) : turn == 1 ? (d & b) | (~d & c) : turn == 2 ? b ^ c ^ d : c ^ (b | ~d);
    uint32_t x = a + f + sines[i] + w[g & 15];
    int r = shifts[turn][i & 3];
    a = d, d = c, c = b, b += x << r | x >> (32 - r);
  }
  s[0] += a, s[1] += b, s[2] += c, s[3] += d;
}

static void md5(const u8 *text, size_t size, u8 out[16]) {
  uint32_t s[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  u8 last[128] = {0};
  size_t whole = size & ~(size_t)63, rest = size - whole, end = rest < 56 ? 64 : 128;
  for (size_t at = 0; at < whole; at += 64) block(s, text + at);
  memcpy(last, text + whole, rest);
  last[rest] = 0x80;
  uint64_t bits = 8 * (uint64_t)size;
  memcpy(last + end - 8, &bits, 8);
  for (size_t at = 0; at < end; at += 64) block(s, last + at);
  memcpy(out, s, 16);
}

static void hmac(const u8 *key, size_t size, const u8 *text, size_t length, u8 out[16]) {
  u8 inner[64 + 1024], outer[64 + 16];
  memset(inner, 0x36, 64), memset(outer, 0x5c, 64);
  for (size_t i = 0; i < size; i++) inner[i] ^= key[i], outer[i] ^= key[i];
  memcpy(inner + 64, text, length);
  md5(inner, 64 + length, outer + 64);
  md5(outer, 80, out);
}

/* what was asked for */
static const char *server = "127.0.0.1", *source = "127.0.0.2", *secret = "", *realm = "";
static int auth_port[SERVERS] = {1812, 1812}, acct_port[SERVERS] = {1813, 1813}, servers = 0;
static long users = 1, window = 64, accounting = 0, bad = 20, patience = 1000, tries = 1, first = 0, most = 0;
static double seconds = 2, rate = 0;

/* one access server's place in the window; its login and then what it accounts for */
typedef struct {
  u8 packet[512], kind, busy;
  int size, tried, doing;
  long login;
  double since, sent;
} slot;

static slot slots[SLOTS];
static int lines[SERVERS][2][SLOTS / IDS];
static float *times;
static long taken, answers, accepts, rejects, accounted, retried, lost, logins, strays;
static double last_answer, silence;

static double in_seconds(struct timespec t) { return t.tv_sec + t.tv_nsec * 1e-9; }

/* by the clock of the kernel's stamps */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return in_seconds(t);
}

/* when a packet arrived (SO_TIMESTAMPNS) */
static double stamp_of(struct msghdr *head) {
  for (struct cmsghdr *each = CMSG_FIRSTHDR(head); each; each = CMSG_NXTHDR(head, each))
    if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, CMSG_DATA(each), sizeof t);
      return in_seconds(t);
    }
  fprintf(stderr, "the kernel stamps no packets\n");
  exit(2);
}

static int attribute(u8 *p, int at, int type, const void *value, int size) {
  p[at] = type, p[at + 1] = size + 2;
  memcpy(p + at + 2, value, size);
  return at + size + 2;
}

static int number(u8 *p, int at, int type, uint32_t value) {
  value = htonl(value);
  return attribute(p, at, type, &value, 4);
}

static void noise(u8 *p, int size) {
  for (int i = 0; i < size; i++) p[i] = random();
}

static int name_of(char *name, long login) { return sprintf(name, "u%ld%s", login * 7919 % users, realm); }

static void make_auth(slot *s, int id) {
  char name[128], password[32];
  u8 *p = s->packet, hidden[16] = {0}, salted[256];
  int size = name_of(name, s->login), key = strlen(secret), at = 38;
  long user = s->login * 7919 % users;
  int told = sprintf(password, bad && s->login % bad == 7 ? "no%ld" : "password-%ld", user);
  p[0] = AUTH, p[1] = id;
  noise(p + 4, 16);
  at = attribute(p, at, 1, name, size);
  memcpy(salted, secret, key), memcpy(salted + key, p + 4, 16);
  md5(salted, key + 16, hidden);
  for (int i = 0; i < told && i < 16; i++) hidden[i] ^= (u8)password[i];
  at = attribute(p, at, 2, hidden, 16);
  at = number(p, at, 5, (uint32_t)s->login);
  at = attribute(p, at, 31, "0312345678", 10);
  p[2] = at >> 8, p[3] = at;
  u8 none[16] = {0};
  attribute(p, 20, 80, none, 16);
  hmac((const u8 *)secret, key, p, at, p + 22);
  s->size = at, s->kind = AUTH;
}

static void make_acct(slot *s, int id, int status, long login) {
  char name[128], session[32];
  u8 *p = s->packet;
  int size = name_of(name, login), key = strlen(secret), at = 20;
  uint32_t moved = status == STOP ? 1000000 : 0;
  p[0] = ACCT, p[1] = id;
  memset(p + 4, 0, 16);
  at = number(p, at, 40, status);
  at = attribute(p, at, 44, session, sprintf(session, "%08lX", login));
  at = attribute(p, at, 1, name, size);
  at = number(p, at, 5, (uint32_t)login);
  at = number(p, at, 42, moved), at = number(p, at, 43, moved), at = number(p, at, 46, moved ? 600 : 0);
  p[2] = at >> 8, p[3] = at;
  memcpy(p + at, secret, key);
  u8 proof[16];
  md5(p, at + key, proof);
  memcpy(p + 4, proof, 16);
  s->size = at, s->kind = ACCT;
}

static int line_of(int n) { return lines[slots[n].tried % servers][slots[n].kind == ACCT][n / IDS]; }

static void go(int n, double at) {
  slot *s = &slots[n];
  s->sent = at;
  send(line_of(n), s->packet, s->size, 0); /* an error is a packet lost, and time will tell */
}

/* `due`: since when there was no place for it, 0: there was one. */
static void begin(int n, double due) {
  slot *s = &slots[n];
  s->login = logins++ + first, s->doing = 0, s->tried = 0, s->busy = 1;
  make_auth(s, n % IDS);
  double at = now();
  s->since = due ? due : at;
  go(n, at);
}

/* The next step of an access server: login, its Start, the Stop of one LATE logins ago. False: it is through. */
static int step(int n, double at) {
  slot *s = &slots[n];
  s->doing++, s->tried = 0;
  if (!accounting || s->doing > 2) return 0;
  make_acct(s, n % IDS, s->doing == 1 ? START : STOP, s->doing == 1 ? s->login : s->login - LATE);
  if (s->doing == 2 && s->login - LATE < first) return 0;
  go(n, at);
  return 1;
}

static int hear(int n, const u8 *packet, double at, double arrived) {
  slot *s = &slots[n];
  if (at - last_answer > silence) silence = at - last_answer;
  last_answer = at;
  if (packet[0] == RESPONSE) {
    accounted++;
    return step(n, at);
  }
  answers++;
  if (taken < SAMPLES) times[taken++] = arrived - s->since;
  if (packet[0] == ACCEPT) accepts++;
  if (packet[0] == REJECT) rejects++;
  return packet[0] == ACCEPT ? step(n, at) : 0;
}

static void drive(void) {
  struct pollfd fds[SERVERS * 2 * SLOTS / IDS];
  int places[SERVERS * 2 * SLOTS / IDS], count = 0, free_count = 0, free_slots[SLOTS];
  static u8 room[BATCH][512];
  struct iovec vectors[BATCH];
  struct mmsghdr heads[BATCH];
  static _Alignas(struct cmsghdr) u8 stamps[BATCH][CMSG_SPACE(sizeof(struct timespec))];
  for (int k = 0; k < servers; k++)
    for (int use = 0; use < 2; use++)
      for (int g = 0; g * IDS < window; g++)
        fds[count] = (struct pollfd){.fd = lines[k][use][g], .events = POLLIN}, places[count++] = (k * 2 + use) << 8 | g;
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){room[i], sizeof room[i]};
    heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
  }
  double begun = now(), end = begun + (most ? 1e9 : seconds), looked = begun;
  last_answer = begun;
  for (int n = 0; n < window; n++) free_slots[free_count++] = n;
  long due = 0, open = 0, full = 0;
  for (double at = begun; at < end || (open && at < end + patience / 1000.0 * tries); at = now()) {
    if (most && due >= most) end = at;
    while (free_count && at < end && (!most || due < most) && (rate == 0 || begun + due / rate <= at))
      begin(free_slots[--free_count], full ? begun + due / rate : 0), due++, open++;
    full = rate && !free_count;
    struct timespec wait = {0, rate ? 200000 : 20000000};
    if (ppoll(fds, count, &wait, NULL) > 0)
      for (int i = 0; i < count; i++) {
        if (!fds[i].revents) continue;
        for (int k = 0; k < BATCH; k++)
          heads[k].msg_hdr.msg_control = stamps[k], heads[k].msg_hdr.msg_controllen = sizeof stamps[k];
        int got = recvmmsg(fds[i].fd, heads, BATCH, MSG_DONTWAIT, NULL);
        at = now();
        for (int k = 0; k < got; k++) {
          int n = (places[i] & 255) * IDS + room[k][1], use = places[i] >> 8 & 1;
          slot *s = &slots[n];
          if (n >= window || !s->busy || (s->kind == ACCT) != use || (room[k][0] == RESPONSE) != use) {
            strays++;
            continue;
          }
          if (!hear(n, room[k], at, stamp_of(&heads[k].msg_hdr))) s->busy = 0, open--, free_slots[free_count++] = n;
        }
      }
    if (at - looked < 0.005) continue;
    looked = at;
    for (int n = 0; n < window; n++) {
      slot *s = &slots[n];
      if (!s->busy || at - s->sent < patience / 1000.0) continue;
      if (++s->tried < tries) retried++, go(n, at);
      else lost++, s->busy = 0, open--, free_slots[free_count++] = n;
    }
  }
  seconds = last_answer - begun;
}

static int by_size(const void *a, const void *b) { return (*(float *)a > *(float *)b) - (*(float *)a < *(float *)b); }

/* Answers every packet at once, without a look at it: as little as any server can do. */
static pid_t echo(int port[2]) {
  int fd[2];
  for (int k = 0; k < 2; k++) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    fd[k] = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd[k], (void *)&here, size) || getsockname(fd[k], (void *)&here, &size)) exit(2);
    port[k] = ntohs(here.sin_port);
  }
  pid_t child = fork();
  if (child) return child;
  struct pollfd fds[2] = {{.fd = fd[0], .events = POLLIN}, {.fd = fd[1], .events = POLLIN}};
  while (poll(fds, 2, 2000) > 0)
    for (int k = 0; k < 2; k++) {
      u8 packet[512];
      struct sockaddr_in back;
      socklen_t size = sizeof back;
      while (fds[k].revents && recvfrom(fd[k], packet, sizeof packet, MSG_DONTWAIT, (void *)&back, &size) > 0) {
        packet[0] = k ? RESPONSE : ACCEPT;
        sendto(fd[k], packet, 20, 0, (void *)&back, size);
      }
    }
  exit(0);
}

static void open_lines(void) {
  char list[256], *rest = list;
  snprintf(list, sizeof list, "%s", server);
  for (char *each; (each = strsep(&rest, ",")) && servers < SERVERS; servers++)
    for (int use = 0; use < 2; use++)
      for (int g = 0; g * IDS < window; g++) {
        struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
        to.sin_port = htons(use ? acct_port[servers] : auth_port[servers]);
        int room = 4 << 20, yes = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
        if (!inet_aton(source, &from.sin_addr) || !inet_aton(each, &to.sin_addr) ||
            bind(fd, (void *)&from, sizeof from) || connect(fd, (void *)&to, sizeof to)) {
          fprintf(stderr, "%s cannot ask %s: %s\n", source, each, strerror(errno));
          exit(2);
        }
        lines[servers][use][g] = fd;
      }
}

int main(int count, char **words) {
  char *end;
  for (int i = 1; i < count; i++) {
    char *value = strchr(words[i], '=');
    if (!value) return fprintf(stderr, "%s is not name=value\n", words[i]), 2;
    *value++ = 0;
    const char *name = words[i];
#define IS(word) !strcmp(name, #word)
    if (IS(server)) server = value;
    else if (IS(source)) source = value;
    else if (IS(secret)) secret = value;
    else if (IS(realm)) realm = value;
    else if (IS(auth)) auth_port[0] = auth_port[1] = atoi(value);
    else if (IS(acct)) acct_port[0] = acct_port[1] = atoi(value);
    else if (IS(seconds)) seconds = strtod(value, &end);
    else if (IS(rate)) rate = strtod(value, &end);
    else {
      long *place = IS(users) ? &users : IS(window) ? &window : IS(accounting) ? &accounting : IS(bad) ? &bad
                  : IS(patience) ? &patience : IS(tries) ? &tries : IS(first) ? &first
                  : IS(logins) ? &most : NULL;
      if (!place) return fprintf(stderr, "%s is not a word of this load\n", name), 2;
      *place = atol(value);
    }
  }
  if (window > SLOTS || users < 1 || strlen(secret) > 64) return fprintf(stderr, "too large\n"), 2;
  static const double angle = 4294967296.0;
  for (int i = 0; i < 64; i++) sines[i] = (uint32_t)(angle * __builtin_fabs(__builtin_sin(i + 1)));
  times = malloc(SAMPLES * sizeof *times);
  pid_t far = 0;
  if (!strcmp(server, "echo")) {
    int port[2];
    far = echo(port);
    server = "127.0.0.1", auth_port[0] = port[0], acct_port[0] = port[1];
  }
  open_lines();
  drive();
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  qsort(times, taken, sizeof *times, by_size);
  if (far) waitpid(far, NULL, 0);
  double spent = own.ru_utime.tv_sec + own.ru_stime.tv_sec + 1e-6 * (own.ru_utime.tv_usec + own.ru_stime.tv_usec);
#define AT(share) (taken ? 1000 * times[(long)(share * (taken - 1))] : 0)
  printf("{\"rate\": %.1f, \"answers\": %ld, \"accepted\": %.4f, \"accepts\": %ld, \"accounted\": %ld, \"retried\": %ld, "
         "\"lost\": %ld, \"strays\": %ld, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"silence\": %.3f, \"own\": %.3f}\n",
         answers / seconds, answers, answers ? (double)accepts / answers : 0, accepts, accounted, retried, lost, strays,
         AT(0.5), AT(0.99), AT(1.0), silence, answers ? 1e6 * spent / answers : 0);
  return 0;
}
