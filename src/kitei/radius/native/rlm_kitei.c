/* What the RADIUS server need not ask Python for a second time: a FreeRADIUS module, built when first needed.

   `authorize`   a PAP login that the policy accepted before, with this very password, is accepted again, and one with
                 another refused, as long as the policy's mark for that user stands; and each client keeps to its rate.
                 ok: EAP that we carry on ourselves, of which the policy need not see each packet. Inside PEAP or TTLS,
                 which Tmp-String-1 names: updated is what the policy said before of this user, to compare with.
   `authenticate` called once the policy answered: what it allows to be remembered (Tmp-Integer-0 to -2) is.
   `post-auth`   a login whose secret the server compared itself is written down, but where Tmp-Integer-3 says it was.
   `accounting`  writes each request down before it is answered (RFC 2866, 2); the policy reads on. ok: answer it;
                 noop: the policy has to say where it goes, and `preacct` remembers that, and how many may come.
   `session`     is there a file of the client that asks? One without is left out without a word.
   `pre-proxy`   before Python is asked: it takes no text that is no UTF-8 or holds a zero byte. Such ones are put
                 aside, and those it has to know are handed on as octets (`kitei.radius.names`). Who asks is told.
   `post-proxy`  afterwards: they are put back, so that whoever is asked next gets what came.

   The policy decides, this remembers. Marks are counters in the file `marks`, one for all and one for each slot of
   users: the policy counts one up where something changed, and what was remembered under another is nothing.
   Of passwords told only digests are kept, with a key that lives as long as the process (SipHash-2-4, 128 bits); for
   MS-CHAPv2 in EAP there is nothing to tell, so what the policy gave to compare with is kept as the server had it.

   Rows are JSON lines in mapped files `sessions.<n>` and `logins.<n>`: to write is a copy in memory that outlives a
   kill. A file begins with the offset behind its last whole row, and its highest bit says that no more comes. The next
   file is made ahead by a thread of its own, each page of it touched, since whoever does that may wait for the disk. */
#include <freeradius/radiusd.h>
#include <freeradius/modules.h>
#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { SEGMENT = 4 << 20, HEAD = 8, ROW = 4096, BUCKETS = 1 << 20, DEEP = 4, LOCKS = 1024, SLOTS = 1 << 16, RATES = 1 << 12 };
enum { MARK = PW_TMP_INTEGER_0, SLOT = PW_TMP_INTEGER_0 + 1, RATE = PW_TMP_INTEGER_0 + 2, LOGGED = PW_TMP_INTEGER_0 + 3 };
#define DONE (1ULL << 63)
enum { CLIENT = PW_TMP_STRING_0, TUNNEL = PW_TMP_STRING_1, ACCEPT_TYPE = 254, SILENT = 256 };

typedef struct {
  pthread_mutex_t lock, making;
  char const *folder, *name;
  char *map, *next, *done; /* the one written to, the one that comes after it, the one before it */
  uint64_t at;
  int number, most;
} journal_t;

static uint64_t const NONE[2]; /* where no password is asked */

typedef struct known_t {
  struct known_t *next;
  uint64_t digest[2], secret[2]; /* whose it is, and the password */
  uint32_t slot, mark;
  VALUE_PAIR *reply, *check;
} known_t;

/* As many requests as one second brings, then as they come. */
typedef struct { double left, since; } allowance_t;

/* A client's: of accounting four times as many as of logins, since each brings a Start, a Stop and words between. */
enum { LOGINS, ACCOUNTING, KINDS };
static int const as_many[KINDS] = {1, 4};

typedef struct {
  uint64_t client;
  uint32_t rate, mark;
  allowance_t of[KINDS];
} rate_t;

typedef struct {
  char const *folder;
  journal_t sessions, logins;
  sem_t wanted; /* posted where a journal has begun its next file */
  uint64_t key[2];
  uint32_t *marks; /* one for all, then one for each slot */
  known_t **known;
  rate_t *rates;
  pthread_mutex_t locks[LOCKS], rating;
} kitei_t;

static const CONF_PARSER config[] = {
    {"folder", FR_CONF_OFFSET(PW_TYPE_STRING | PW_TYPE_REQUIRED, kitei_t, folder), NULL}, CONF_PARSER_TERMINATOR};

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* SipHash-2-4 with 128 bits, of several pieces with their lengths */
typedef struct { uint64_t v[4]; } sip_t;
#define TURN(x, b) ((x) << (b) | (x) >> (64 - (b)))

static void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[1] = TURN(v[1], 13) ^ v[0], v[0] = TURN(v[0], 32);
  v[2] += v[3], v[3] = TURN(v[3], 16) ^ v[2];
  v[0] += v[3], v[3] = TURN(v[3], 21) ^ v[0];
  v[2] += v[1], v[1] = TURN(v[1], 17) ^ v[2], v[2] = TURN(v[2], 32);
}

static void sip_word(sip_t *s, uint64_t word) {
  s->v[3] ^= word;
  sip_round(s->v), sip_round(s->v);
  s->v[0] ^= word;
}

static void sip_begin(sip_t *s, uint64_t const key[2]) {
  s->v[0] = key[0] ^ 0x736f6d6570736575ULL, s->v[1] = key[1] ^ 0x646f72616e646f6dULL ^ 0xee;
  s->v[2] = key[0] ^ 0x6c7967656e657261ULL, s->v[3] = key[1] ^ 0x7465646279746573ULL;
}

static void sip_take(sip_t *s, void const *piece, size_t size) {
  uint8_t const *at = piece;
  sip_word(s, size);
  for (; size >= 8; at += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    sip_word(s, word);
  }
  uint64_t last = 0;
  memcpy(&last, at, size);
  sip_word(s, last);
}

static void sip_end(sip_t *s, uint64_t digest[2]) {
  for (int half = 0; half < 2; half++) {
    s->v[half ? 1 : 2] ^= half ? 0xdd : 0xee;
    for (int i = 0; i < 4; i++) sip_round(s->v);
    digest[half] = s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
  }
}

/* rows */
static char *segment_make(journal_t *j, int number) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.%d", j->folder, j->name, number);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return NULL;
  uint64_t begun = HEAD;
  char *map = MAP_FAILED;
  /* room is taken beforehand: a full disk must be an error here, not a signal later */
  if (posix_fallocate(fd, 0, SEGMENT) == 0 && pwrite(fd, &begun, HEAD, 0) == HEAD)
    map = mmap(NULL, SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) return map;
  unlink(path);
  return NULL;
}

/* Beside the calls: what they would have to wait for. */
static void journal_make_ahead(journal_t *j) {
  char *done = __atomic_exchange_n(&j->done, NULL, __ATOMIC_ACQ_REL);
  if (done) munmap(done, SEGMENT);
  pthread_mutex_lock(&j->making);
  if (!__atomic_load_n(&j->next, __ATOMIC_ACQUIRE)) {
    char *made = segment_make(j, __atomic_load_n(&j->number, __ATOMIC_ACQUIRE) + 1);
    for (size_t at = HEAD; made && at < SEGMENT; at += 4096) *(char volatile *)(made + at) = 0;
    __atomic_store_n(&j->next, made, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&j->making);
}

static bool journal_open(journal_t *j) {
  char *next = __atomic_load_n(&j->next, __ATOMIC_ACQUIRE);
  if (!next) { /* the disk is slower than we are, or full */
    pthread_mutex_lock(&j->making);
    next = j->next ? j->next : segment_make(j, j->number + 1);
    pthread_mutex_unlock(&j->making);
  }
  if (!next) return false;
  if (j->map) {
    __atomic_store_n((uint64_t *)j->map, j->at | DONE, __ATOMIC_RELEASE);
    char *before = __atomic_exchange_n(&j->done, j->map, __ATOMIC_ACQ_REL);
    if (before) munmap(before, SEGMENT);
  }
  j->map = next, j->at = HEAD;
  __atomic_store_n(&j->number, j->number + 1, __ATOMIC_RELEASE);
  __atomic_store_n(&j->next, NULL, __ATOMIC_RELEASE);
  return true;
}

/* Too many files that nobody took away: their reader is behind, and so no more is taken. */
static bool journal_is_read(journal_t *j) {
  char path[1024];
  struct stat there;
  snprintf(path, sizeof path, "%s/%s.%d", j->folder, j->name, j->number + 1 - j->most);
  return j->number < j->most || stat(path, &there) != 0;
}

static bool journal_put(kitei_t *kitei, journal_t *j, char const *row, size_t size) {
  pthread_mutex_lock(&j->lock);
  bool has_room = j->at + size <= SEGMENT, is_put = has_room || (journal_is_read(j) && journal_open(j));
  if (is_put && !has_room) sem_post(&kitei->wanted);
  if (is_put) {
    memcpy(j->map + j->at, row, size);
    j->at += size;
    __atomic_store_n((uint64_t *)j->map, j->at, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&j->lock);
  return is_put;
}

static int utf8_size(uint8_t const *p, size_t left) {
  int size = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
  if (!size || (size_t)size > left) return 0;
  for (int i = 1; i < size; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
  if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
  return size;
}

/* `,"text"`; a byte that is no UTF-8 as Python's surrogateescape has it. At most 6 times the size, and 3. */
static char *put_text(char *to, void const *text, size_t size) {
  static char const hex[] = "0123456789abcdef";
  uint8_t const *at = text, *end = at + size;
  *to++ = ',', *to++ = '"';
  while (at < end) {
    int whole = *at < 0x80 ? 0 : utf8_size(at, end - at);
    if (whole) memcpy(to, at, whole), to += whole, at += whole;
    else if (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\') *to++ = *at++;
    else {
      memcpy(to, *at < 0x80 ? "\\u00" : "\\udc", 4);
      to[4] = hex[*at >> 4], to[5] = hex[*at & 15];
      to += 6, at++;
    }
  }
  *to++ = '"';
  return to;
}

static char *put_string(char *to, VALUE_PAIR const *vp) {
  return put_text(to, vp ? vp->vp_strvalue : "", vp ? vp->vp_length : 0);
}

static char *put_number(char *to, VALUE_PAIR const *vp) { return to + sprintf(to, ",%u", vp ? vp->vp_integer : 0); }

static VALUE_PAIR *find(REQUEST *request, unsigned attribute) {
  return fr_pair_find_by_num(request->packet->vps, attribute, 0, TAG_ANY);
}

/* Who asks: each client is an address. */
static char const *client_of(REQUEST *request, char address[INET6_ADDRSTRLEN]) {
  fr_ipaddr_t const *source = &request->packet->src_ipaddr;
  return inet_ntop(source->af, &source->ipaddr, address, INET6_ADDRSTRLEN);
}

static void sip_take_client(sip_t *s, REQUEST *request) {
  fr_ipaddr_t const *source = &request->packet->src_ipaddr;
  sip_take(s, &source->ipaddr, source->af == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));
}

static char *put_client(char *to, REQUEST *request) {
  char address[INET6_ADDRSTRLEN];
  return client_of(request, address) ? put_text(to, address, strlen(address)) : put_text(to, "", 0);
}

static bool tell_login(kitei_t *kitei, REQUEST *request, char const *reason) {
  VALUE_PAIR *name = find(request, PW_USER_NAME), *station = find(request, PW_CALLING_STATION_ID);
  char row[ROW], *to = row + sprintf(row, "[%.6f", seconds(CLOCK_REALTIME));
  to = put_client(to, request);
  to = put_string(put_string(to, name), station);
  to += sprintf(to, ",\"%s\"]\n", reason);
  return journal_put(kitei, &kitei->logins, row, to - row);
}

/* remembered logins */
static uint32_t mark_of(kitei_t *kitei, uint32_t slot) {
  return __atomic_load_n(&kitei->marks[0], __ATOMIC_ACQUIRE) + __atomic_load_n(&kitei->marks[1 + slot], __ATOMIC_ACQUIRE);
}

/* Who logs in by PAP, and the password told. */
static bool login_of(kitei_t *kitei, REQUEST *request, uint64_t digest[2], uint64_t secret[2]) {
  VALUE_PAIR *name = find(request, PW_USER_NAME), *password = find(request, PW_USER_PASSWORD);
  if (!name || !password || !find(request, PW_MESSAGE_AUTHENTICATOR)) return false;
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take_client(&sip, request);
  sip_take(&sip, name->vp_strvalue, name->vp_length);
  sip_t whole = sip;
  sip_end(&sip, digest);
  sip_take(&whole, password->vp_strvalue, password->vp_length);
  sip_end(&whole, secret);
  return true;
}

/* Who logs in inside a tunnel, by EAP. */
static bool inner_of(kitei_t *kitei, REQUEST *request, uint64_t digest[2]) {
  VALUE_PAIR *name = find(request, PW_USER_NAME), *tunnel = find(request, TUNNEL);
  if (!name || !tunnel || !find(request, PW_EAP_MESSAGE)) return false;
  if (find(request, PW_USER_PASSWORD) || find(request, PW_CHAP_PASSWORD)) return false;
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take(&sip, tunnel->vp_strvalue, tunnel->vp_length);
  sip_take_client(&sip, request);
  sip_take(&sip, name->vp_strvalue, name->vp_length);
  sip_end(&sip, digest);
  return true;
}

/* Whose accounting or EAP it is: the client and what follows the last @ of the name. */
static void route_of(kitei_t *kitei, REQUEST *request, char const *kind, uint64_t digest[2]) {
  VALUE_PAIR *name = find(request, PW_USER_NAME);
  char const *at = name ? memrchr(name->vp_strvalue, '@', name->vp_length) : NULL;
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take_client(&sip, request);
  sip_take(&sip, kind, strlen(kind));
  if (at) sip_take(&sip, at, name->vp_strvalue + name->vp_length - at);
  sip_end(&sip, digest);
}

static void forget(known_t **place) {
  known_t *gone = *place;
  *place = gone->next;
  talloc_free(gone);
}

/* `wrong`: the policy let the same user in by another password, and there is one only. */
typedef enum { UNHEARD, RIGHT, WRONG } known_as;

/* Where it is right, its reply and what to compare with are added to the request's. */
static known_as recall(kitei_t *kitei, REQUEST *request, uint64_t const digest[2], uint64_t const secret[2]) {
  uint32_t bucket = digest[0] % BUCKETS;
  known_as as = UNHEARD;
  pthread_mutex_lock(&kitei->locks[bucket % LOCKS]);
  for (known_t **place = &kitei->known[bucket]; *place; place = &(*place)->next) {
    known_t *each = *place;
    if (each->digest[0] != digest[0] || each->digest[1] != digest[1]) continue;
    if (each->mark != mark_of(kitei, each->slot)) forget(place);
    else if (each->secret[0] != secret[0] || each->secret[1] != secret[1]) as = WRONG;
    else {
      fr_pair_add(&request->reply->vps, fr_pair_list_copy(request->reply, each->reply));
      fr_pair_add(&request->config, fr_pair_list_copy(request, each->check));
      as = RIGHT;
    }
    break;
  }
  pthread_mutex_unlock(&kitei->locks[bucket % LOCKS]);
  return as;
}

static bool recall_route(kitei_t *kitei, REQUEST *request, char const *kind) {
  uint64_t digest[2];
  route_of(kitei, request, kind, digest);
  return recall(kitei, request, digest, NONE) == RIGHT;
}

static void remember(kitei_t *kitei, REQUEST *request, uint64_t const digest[2], uint64_t const secret[2], uint32_t slot,
                     uint32_t mark) {
  uint32_t bucket = digest[0] % BUCKETS;
  known_t *made = talloc_zero(NULL, known_t);
  memcpy(made->digest, digest, sizeof made->digest), memcpy(made->secret, secret, sizeof made->secret);
  made->slot = slot, made->mark = mark;
  made->reply = fr_pair_list_copy(made, request->reply->vps);
  made->check = fr_pair_list_copy_by_num(made, request->config, PW_CLEARTEXT_PASSWORD, 0, TAG_ANY);
  if (!made->check) made->check = fr_pair_list_copy_by_num(made, request->config, PW_NT_PASSWORD, 0, TAG_ANY);
  pthread_mutex_lock(&kitei->locks[bucket % LOCKS]);
  int deep = 0;
  for (known_t **place = &kitei->known[bucket]; *place;) {
    known_t *each = *place;
    if ((each->digest[0] == digest[0] && each->digest[1] == digest[1]) || ++deep >= DEEP) forget(place);
    else place = &each->next;
  }
  made->next = kitei->known[bucket];
  kitei->known[bucket] = made;
  pthread_mutex_unlock(&kitei->locks[bucket % LOCKS]);
}

/* rates */
static uint64_t client_digest(kitei_t *kitei, REQUEST *request) {
  uint64_t digest[2];
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take_client(&sip, request);
  sip_end(&sip, digest);
  return digest[0] | 1;
}

/* `unknown`: the policy has to count it, and will tell the rate. */
typedef enum { UNKNOWN, MAY, MAY_NOT } may_t;

static may_t may_ask(kitei_t *kitei, REQUEST *request, int kind) {
  uint64_t client = client_digest(kitei, request);
  rate_t *rate = &kitei->rates[client / 2 % RATES];
  may_t may = UNKNOWN;
  pthread_mutex_lock(&kitei->rating);
  if (rate->client == client && rate->mark == mark_of(kitei, 0)) {
    allowance_t *allowance = &rate->of[kind];
    double now = seconds(CLOCK_MONOTONIC), most = (double)rate->rate * as_many[kind];
    allowance->left += (now - allowance->since) * most, allowance->since = now;
    if (allowance->left > most) allowance->left = most;
    may = !rate->rate || allowance->left >= 1 ? MAY : MAY_NOT;
    if (may == MAY && rate->rate) allowance->left--;
  }
  pthread_mutex_unlock(&kitei->rating);
  return may;
}

static void take_rate(kitei_t *kitei, REQUEST *request, uint32_t told) {
  uint64_t client = client_digest(kitei, request);
  rate_t *rate = &kitei->rates[client / 2 % RATES];
  pthread_mutex_lock(&kitei->rating);
  if (rate->client != client || rate->rate != told) {
    *rate = (rate_t){.client = client, .rate = told};
    for (int kind = 0; kind < KINDS; kind++)
      rate->of[kind] = (allowance_t){(double)told * as_many[kind], seconds(CLOCK_MONOTONIC)};
  }
  rate->mark = mark_of(kitei, 0);
  pthread_mutex_unlock(&kitei->rating);
}

/* what the server calls */
static void tell(VALUE_PAIR **list, TALLOC_CTX *owner, unsigned attribute, uint32_t value) {
  VALUE_PAIR *vp = fr_pair_afrom_num(owner, attribute, 0);
  if (!vp) return;
  vp->vp_integer = value, vp->vp_length = 4, vp->op = T_OP_SET;
  fr_pair_add(list, vp);
}

static rlm_rcode_t silent(REQUEST *request) {
  tell(&request->config, request, PW_RESPONSE_PACKET_TYPE, SILENT);
  return RLM_MODULE_HANDLED;
}

/* Who it is says a packet before anything is decided (RFC 3748, 5.1). */
static bool is_identity(REQUEST *request) {
  VALUE_PAIR *eap = find(request, PW_EAP_MESSAGE);
  return eap && eap->vp_length >= 5 && eap->vp_octets[0] == 2 && eap->vp_octets[4] == 1;
}

static rlm_rcode_t authorize_inner(kitei_t *kitei, REQUEST *request) {
  uint64_t digest[2];
  if (is_identity(request)) return RLM_MODULE_OK;
  bool is_known = inner_of(kitei, request, digest) && recall(kitei, request, digest, NONE) == RIGHT;
  return is_known ? RLM_MODULE_UPDATED : RLM_MODULE_NOOP;
}

static rlm_rcode_t CC_HINT(nonnull) mod_authorize(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  uint64_t digest[2], secret[2];
  if (find(request, TUNNEL)) return authorize_inner(kitei, request);
  may_t may = may_ask(kitei, request, LOGINS);
  if (may == MAY_NOT) {
    tell_login(kitei, request, "too-many-requests");
    return silent(request);
  }
  if (may == MAY) {
    tell(&request->packet->vps, request->packet, RATE, 1); /* counted already */
    /* EAP with us: the policy has said whose it is, and will say who may come in when that is known */
    if (find(request, PW_EAP_MESSAGE) && recall_route(kitei, request, "eap")) return RLM_MODULE_OK;
    known_as as = login_of(kitei, request, digest, secret) ? recall(kitei, request, digest, secret) : UNHEARD;
    if (as != UNHEARD && tell_login(kitei, request, as == RIGHT ? "accepted" : "wrong-secret")) {
      tell(&request->config, request, PW_AUTH_TYPE, as == RIGHT ? ACCEPT_TYPE : PW_AUTH_TYPE_REJECT);
      tell(&request->config, request, LOGGED, 1);
      return RLM_MODULE_UPDATED;
    }
  }
  return RLM_MODULE_NOOP;
}

static void learn(kitei_t *kitei, REQUEST *request, uint64_t const digest[2], uint64_t const secret[2]) {
  VALUE_PAIR *mark = fr_pair_find_by_num(request->config, MARK, 0, TAG_ANY);
  VALUE_PAIR *slot = fr_pair_find_by_num(request->config, SLOT, 0, TAG_ANY);
  if (mark && slot && slot->vp_integer < SLOTS)
    remember(kitei, request, digest, secret, slot->vp_integer, mark->vp_integer);
}

static void learn_route(kitei_t *kitei, REQUEST *request, char const *kind) {
  uint64_t digest[2];
  route_of(kitei, request, kind, digest);
  learn(kitei, request, digest, NONE);
}

static rlm_rcode_t CC_HINT(nonnull) mod_learn(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  VALUE_PAIR *rate = fr_pair_find_by_num(request->config, RATE, 0, TAG_ANY);
  uint64_t digest[2], secret[2];
  if (rate) take_rate(kitei, request, rate->vp_integer);
  if (find(request, TUNNEL)) {
    if (inner_of(kitei, request, digest)) learn(kitei, request, digest, NONE);
  } else if (find(request, PW_EAP_MESSAGE)) {
    learn_route(kitei, request, "eap");
  } else if (login_of(kitei, request, digest, secret)) learn(kitei, request, digest, secret);
  return RLM_MODULE_NOOP;
}

static rlm_rcode_t CC_HINT(nonnull) mod_tell(void *instance, REQUEST *request) {
  if (fr_pair_find_by_num(request->config, LOGGED, 0, TAG_ANY)) return RLM_MODULE_NOOP;
  tell_login(instance, request, request->reply->code == PW_CODE_ACCESS_ACCEPT ? "accepted" : "wrong-secret");
  return RLM_MODULE_NOOP;
}

static rlm_rcode_t CC_HINT(nonnull) mod_learn_route(void *instance, REQUEST *request) {
  VALUE_PAIR *rate = fr_pair_find_by_num(request->config, RATE, 0, TAG_ANY);
  if (rate) take_rate(instance, request, rate->vp_integer);
  learn_route(instance, request, "accounting");
  return RLM_MODULE_NOOP;
}

/* `[at, client, status, session, user, port, address, in, out, in << 32, out << 32, seconds, delay, wide]` */
static rlm_rcode_t CC_HINT(nonnull) mod_account(void *instance, REQUEST *request) {
  static char const *const statuses[] = {[1] = "Start", [2] = "Stop", [3] = "Interim-Update", [7] = "Accounting-On",
                                         [8] = "Accounting-Off"};
  kitei_t *kitei = instance;
  VALUE_PAIR *status = find(request, PW_ACCT_STATUS_TYPE), *port = find(request, PW_NAS_PORT_ID), *address;
  if (!status || status->vp_integer > 8 || !statuses[status->vp_integer]) return RLM_MODULE_NOOP;
  may_t may = may_ask(kitei, request, ACCOUNTING);
  if (may == MAY_NOT) return silent(request); /* it asks again (RFC 2866, 2) */
  char row[5 * 1600], text[256], *to = row + sprintf(row, "[%.6f", seconds(CLOCK_REALTIME));
  to = put_client(to, request);
  to = put_text(to, statuses[status->vp_integer], strlen(statuses[status->vp_integer]));
  to = put_string(put_string(to, find(request, PW_ACCT_SESSION_ID)), find(request, PW_USER_NAME));
  if (port || !(port = find(request, PW_NAS_PORT))) to = put_string(to, port);
  else to = put_text(to, text, sprintf(text, "%u", port->vp_integer));
  address = find(request, PW_FRAMED_IP_ADDRESS);
  if (!address) address = find(request, PW_FRAMED_IPV6_PREFIX);
  to = put_text(to, text, address ? strlen((vp_prints_value(text, sizeof text, address, 0), text)) : 0);
  to = put_number(put_number(to, find(request, PW_ACCT_INPUT_OCTETS)), find(request, PW_ACCT_OUTPUT_OCTETS));
  VALUE_PAIR *high_in = find(request, PW_ACCT_INPUT_GIGAWORDS), *high_out = find(request, PW_ACCT_OUTPUT_GIGAWORDS);
  to = put_number(put_number(to, high_in), high_out);
  to = put_number(put_number(to, find(request, PW_ACCT_SESSION_TIME)), find(request, PW_ACCT_DELAY_TIME));
  to += sprintf(to, ",%d]\n", high_in || high_out);
  /* what cannot be written down is not answered: the client tries again, or another node */
  if (journal_put(kitei, &kitei->sessions, row, to - row))
    return may == MAY && recall_route(kitei, request, "accounting") ? RLM_MODULE_OK : RLM_MODULE_NOOP;
  return silent(request);
}

/* Called by the thread that receives for all, each second for each client: it must wait for nobody. */
static rlm_rcode_t CC_HINT(nonnull) mod_knows(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  fr_ipaddr_t const *source = &request->packet->src_ipaddr;
  char path[1024], address[INET6_ADDRSTRLEN];
  if (!client_of(request, address)) return RLM_MODULE_NOTFOUND;
  snprintf(path, sizeof path, "%s/clients%c/%s", kitei->folder, source->af == AF_INET ? '4' : '6', address);
  return access(path, R_OK) == 0 ? RLM_MODULE_OK : RLM_MODULE_NOTFOUND;
}

/* texts that Python does not take */
static struct { unsigned attribute, carrier; } const carried[] = {
    {PW_USER_NAME, PW_TMP_OCTETS_0},           {PW_USER_PASSWORD, PW_TMP_OCTETS_0 + 1},
    {PW_CALLING_STATION_ID, PW_TMP_OCTETS_0 + 2}, {PW_ACCT_SESSION_ID, PW_TMP_OCTETS_0 + 3},
    {PW_NAS_PORT_ID, PW_TMP_OCTETS_0 + 4},
};
enum { CARRIED = sizeof carried / sizeof *carried, ASIDE = 1 };

/* What the policy goes by. */
static void tell_client(REQUEST *request) {
  char address[INET6_ADDRSTRLEN];
  VALUE_PAIR *vp = find(request, CLIENT) ? NULL : fr_pair_afrom_num(request->packet, CLIENT, 0);
  if (!vp || !client_of(request, address)) return;
  fr_pair_value_strcpy(vp, address);
  vp->op = T_OP_SET;
  fr_pair_add(&request->packet->vps, vp);
}

static bool is_plain(VALUE_PAIR const *vp) {
  uint8_t const *at = (uint8_t const *)vp->vp_strvalue, *end = at + vp->vp_length;
  while (at < end) {
    int size = *at == 0 ? 0 : *at < 0x80 ? 1 : utf8_size(at, end - at);
    if (!size) return false;
    at += size;
  }
  return true;
}

static rlm_rcode_t CC_HINT(nonnull) mod_put_aside(void *instance, REQUEST *request) {
  VALUE_PAIR *aside = NULL;
  tell_client(request);
  for (VALUE_PAIR **place = &request->packet->vps; *place;) {
    VALUE_PAIR *each = *place;
    if (each->da->type != PW_TYPE_STRING || is_plain(each)) {
      place = &each->next;
      continue;
    }
    *place = each->next, each->next = NULL;
    fr_pair_add(&aside, each);
  }
  if (!aside) return RLM_MODULE_NOOP;
  for (VALUE_PAIR *each = aside; each; each = each->next)
    for (int i = 0; i < CARRIED; i++)
      if (each->da->attr == carried[i].attribute && each->da->vendor == 0) {
        VALUE_PAIR *vp = fr_pair_afrom_num(request->packet, carried[i].carrier, 0);
        if (!vp) break;
        fr_pair_value_memcpy(vp, (uint8_t const *)each->vp_strvalue, each->vp_length);
        vp->op = T_OP_SET;
        fr_pair_add(&request->packet->vps, vp);
      }
  VALUE_PAIR *before = request_data_get(request, instance, ASIDE);
  fr_pair_add(&aside, before);
  request_data_add(request, instance, ASIDE, aside, false);
  return RLM_MODULE_NOOP;
}

static rlm_rcode_t CC_HINT(nonnull) mod_put_back(void *instance, REQUEST *request) {
  VALUE_PAIR *aside = request_data_get(request, instance, ASIDE);
  if (!aside) return RLM_MODULE_NOOP;
  for (int i = 0; i < CARRIED; i++) fr_pair_delete_by_num(&request->packet->vps, carried[i].carrier, 0, TAG_ANY);
  fr_pair_add(&request->packet->vps, aside);
  /* a name for another server, which Python can only tell as octets */
  VALUE_PAIR *name = fr_pair_find_by_num(request->config, PW_TMP_OCTETS_0 + 1, 0, TAG_ANY);
  VALUE_PAIR *text = name ? fr_pair_afrom_num(request, PW_TMP_STRING_1, 0) : NULL;
  if (text) {
    fr_pair_value_bstrncpy(text, name->vp_octets, name->vp_length);
    text->op = T_OP_SET;
    fr_pair_add(&request->config, text);
  }
  return RLM_MODULE_NOOP;
}

static int last_number(char const *folder, char const *name) {
  int last = 0, number;
  size_t size = strlen(name);
  DIR *dir = opendir(folder);
  if (!dir) return 0;
  for (struct dirent *each; (each = readdir(dir));)
    if (!strncmp(each->d_name, name, size) && each->d_name[size] == '.' && (number = atoi(each->d_name + size + 1)) > last)
      last = number;
  closedir(dir);
  return last;
}

static bool journal_begin(journal_t *j, char const *folder, char const *name, int most) {
  *j = (journal_t){.folder = folder, .name = name, .most = most, .number = last_number(folder, name)};
  pthread_mutex_init(&j->lock, NULL), pthread_mutex_init(&j->making, NULL);
  return journal_open(j);
}

static void *make_ahead(void *instance) {
  kitei_t *kitei = instance;
  for (;;) {
    journal_make_ahead(&kitei->sessions), journal_make_ahead(&kitei->logins);
    while (sem_wait(&kitei->wanted) && errno == EINTR) continue;
  }
  return NULL;
}

static int mod_instantiate(CONF_SECTION *conf, void *instance) {
  kitei_t *kitei = instance;
  char path[1024];
  if (check_config) return 0;
  snprintf(path, sizeof path, "%s/marks", kitei->folder);
  size_t size = sizeof(uint32_t) * (1 + SLOTS);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, size) || getrandom(kitei->key, sizeof kitei->key, 0) != sizeof kitei->key) {
    cf_log_err_cs(conf, "%s: %s", path, fr_syserror(errno));
    return -1;
  }
  kitei->marks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  kitei->known = calloc(BUCKETS, sizeof *kitei->known), kitei->rates = calloc(RATES, sizeof *kitei->rates);
  for (int i = 0; i < LOCKS; i++) pthread_mutex_init(&kitei->locks[i], NULL);
  pthread_mutex_init(&kitei->rating, NULL);
  if (kitei->marks == MAP_FAILED || !kitei->known || !kitei->rates ||
      !journal_begin(&kitei->sessions, kitei->folder, "sessions", 64) ||
      !journal_begin(&kitei->logins, kitei->folder, "logins", 16)) {
    cf_log_err_cs(conf, "%s: %s", kitei->folder, fr_syserror(errno));
    return -1;
  }
  pthread_t thread;
  sem_init(&kitei->wanted, 0, 0);
  return pthread_create(&thread, NULL, make_ahead, kitei) ? -1 : 0;
}

extern module_t rlm_kitei;
module_t rlm_kitei = {
    .magic = RLM_MODULE_INIT,
    .name = "kitei",
    .type = RLM_TYPE_THREAD_SAFE,
    .inst_size = sizeof(kitei_t),
    .config = config,
    .instantiate = mod_instantiate,
    .methods = {[MOD_AUTHORIZE] = mod_authorize, [MOD_AUTHENTICATE] = mod_learn, [MOD_POST_AUTH] = mod_tell,
                [MOD_PREACCT] = mod_learn_route,
                [MOD_ACCOUNTING] = mod_account, [MOD_SESSION] = mod_knows,
                [MOD_PRE_PROXY] = mod_put_aside, [MOD_POST_PROXY] = mod_put_back},
};
