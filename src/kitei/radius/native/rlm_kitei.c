/* What the RADIUS server need not ask Python for a second time: a FreeRADIUS module, built when first needed.

   `authorize`   a PAP login that the policy accepted before, with this very password, is accepted again, as long as
                 the policy's mark for that user stands; and each client keeps to its rate. ok: EAP that we carry on
                 ourselves, of which the policy need not see each packet.
   `post-auth`   called once the policy answered: what it allows to be remembered (Tmp-Integer-0 to -2) is.
   `accounting`  writes each request down before it is answered (RFC 2866, 2); the policy reads on. ok: answer it;
                 noop: the policy has to say where it goes, and `preacct` remembers if it goes nowhere.
   `session`     is there a file of the client that asks? One without is left out without a word.
   `pre-proxy`   before Python is asked: it takes no text that is no UTF-8 or holds a zero byte. Such ones are put
                 aside, and those it has to know are handed on as octets (`kitei.radius.names`).
   `post-proxy`  afterwards: they are put back, so that whoever is asked next gets what came.

   The policy decides, this remembers. Marks are counters in the file `marks`, one for all and one for each slot of
   users: the policy counts one up where something changed, and what was remembered under another is nothing.
   Passwords are not kept, only digests with a key that lives as long as the process (SipHash-2-4, 128 bits).

   Rows are JSON lines in mapped files `sessions.<n>` and `logins.<n>`: to write is a copy in memory that outlives a
   kill. A file begins with the offset behind its last whole row; with the next number there, it is complete. */
#include <freeradius/radiusd.h>
#include <freeradius/modules.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { SEGMENT = 4 << 20, HEAD = 8, ROW = 4096, BUCKETS = 1 << 20, DEEP = 4, LOCKS = 1024, SLOTS = 1 << 16, RATES = 1 << 12 };
enum { MARK = PW_TMP_INTEGER_0, SLOT = PW_TMP_INTEGER_0 + 1, RATE = PW_TMP_INTEGER_0 + 2, ACCEPT_TYPE = 254, SILENT = 256 };

typedef struct {
  pthread_mutex_t lock;
  char const *folder, *name;
  char *map;
  uint64_t at;
  int number, most;
} journal_t;

typedef struct known_t {
  struct known_t *next;
  uint64_t digest[2];
  uint32_t slot, mark;
  VALUE_PAIR *reply;
} known_t;

/* A client's allowance: as many requests as one second brings, then as they come. */
typedef struct {
  uint64_t client;
  uint32_t rate, mark;
  double left, since;
} rate_t;

typedef struct {
  char const *folder;
  journal_t sessions, logins;
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
static bool journal_open(journal_t *j) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.%d", j->folder, j->name, ++j->number);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  uint64_t begun = HEAD;
  char *map = MAP_FAILED;
  /* room is taken beforehand: a full disk must be an error here, not a signal later */
  if (posix_fallocate(fd, 0, SEGMENT) == 0 && pwrite(fd, &begun, HEAD, 0) == HEAD)
    map = mmap(NULL, SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) {
    unlink(path);
    j->number--;
    return false;
  }
  if (j->map) munmap(j->map, SEGMENT);
  j->map = map, j->at = HEAD;
  return true;
}

/* Too many files that nobody took away: their reader is behind, and so no more is taken. */
static bool journal_is_read(journal_t *j) {
  char path[1024];
  struct stat there;
  snprintf(path, sizeof path, "%s/%s.%d", j->folder, j->name, j->number + 1 - j->most);
  return j->number < j->most || stat(path, &there) != 0;
}

static bool journal_put(journal_t *j, char const *row, size_t size) {
  pthread_mutex_lock(&j->lock);
  bool is_put = j->map && (j->at + size <= SEGMENT || (journal_is_read(j) && journal_open(j)));
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

/* The server's configuration names the client there. */
static VALUE_PAIR *client_of(REQUEST *request) { return find(request, PW_TMP_STRING_0); }

static bool tell_login(kitei_t *kitei, REQUEST *request, char const *reason) {
  VALUE_PAIR *name = find(request, PW_USER_NAME), *station = find(request, PW_CALLING_STATION_ID);
  char row[ROW], *to = row + sprintf(row, "[%.6f", seconds(CLOCK_REALTIME));
  to = put_string(to, client_of(request));
  to = put_string(put_string(to, name), station);
  to += sprintf(to, ",\"%s\"]\n", reason);
  return journal_put(&kitei->logins, row, to - row);
}

/* remembered logins */
static uint32_t mark_of(kitei_t *kitei, uint32_t slot) {
  return __atomic_load_n(&kitei->marks[0], __ATOMIC_ACQUIRE) + __atomic_load_n(&kitei->marks[1 + slot], __ATOMIC_ACQUIRE);
}

static bool digest_of(kitei_t *kitei, REQUEST *request, uint64_t digest[2]) {
  VALUE_PAIR *client = client_of(request), *name = find(request, PW_USER_NAME);
  VALUE_PAIR *password = find(request, PW_USER_PASSWORD);
  if (!client || !name || !password || !find(request, PW_MESSAGE_AUTHENTICATOR)) return false;
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take(&sip, client->vp_strvalue, client->vp_length);
  sip_take(&sip, name->vp_strvalue, name->vp_length);
  sip_take(&sip, password->vp_strvalue, password->vp_length);
  sip_end(&sip, digest);
  return true;
}

/* Whose accounting or EAP it is: the client and what follows the last @ of the name. */
static bool route_of(kitei_t *kitei, REQUEST *request, char const *kind, uint64_t digest[2]) {
  VALUE_PAIR *client = client_of(request), *name = find(request, PW_USER_NAME);
  if (!client) return false;
  char const *at = name ? memrchr(name->vp_strvalue, '@', name->vp_length) : NULL;
  sip_t sip;
  sip_begin(&sip, kitei->key);
  sip_take(&sip, client->vp_strvalue, client->vp_length);
  sip_take(&sip, kind, strlen(kind));
  if (at) sip_take(&sip, at, name->vp_strvalue + name->vp_length - at);
  sip_end(&sip, digest);
  return true;
}

static void forget(known_t **place) {
  known_t *gone = *place;
  *place = gone->next;
  talloc_free(gone);
}

/* Its reply is added to the request's. */
static bool recall(kitei_t *kitei, REQUEST *request, uint64_t const digest[2]) {
  uint32_t bucket = digest[0] % BUCKETS;
  bool is_known = false;
  pthread_mutex_lock(&kitei->locks[bucket % LOCKS]);
  for (known_t **place = &kitei->known[bucket]; *place; place = &(*place)->next) {
    known_t *each = *place;
    if (each->digest[0] != digest[0] || each->digest[1] != digest[1]) continue;
    if (each->mark != mark_of(kitei, each->slot)) forget(place);
    else {
      VALUE_PAIR *reply = fr_pair_list_copy(request->reply, each->reply);
      fr_pair_add(&request->reply->vps, reply);
      is_known = true;
    }
    break;
  }
  pthread_mutex_unlock(&kitei->locks[bucket % LOCKS]);
  return is_known;
}

static void remember(kitei_t *kitei, REQUEST *request, uint64_t const digest[2], uint32_t slot, uint32_t mark) {
  uint32_t bucket = digest[0] % BUCKETS;
  known_t *made = talloc_zero(NULL, known_t);
  made->digest[0] = digest[0], made->digest[1] = digest[1], made->slot = slot, made->mark = mark;
  made->reply = fr_pair_list_copy(made, request->reply->vps);
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
  VALUE_PAIR *client = client_of(request);
  if (client) sip_take(&sip, client->vp_strvalue, client->vp_length);
  sip_end(&sip, digest);
  return digest[0] | 1;
}

/* `unknown`: the policy has to count it, and will tell the rate. */
typedef enum { UNKNOWN, MAY, MAY_NOT } may_t;

static may_t may_ask(kitei_t *kitei, REQUEST *request) {
  uint64_t client = client_digest(kitei, request);
  rate_t *rate = &kitei->rates[client / 2 % RATES];
  may_t may = UNKNOWN;
  pthread_mutex_lock(&kitei->rating);
  if (rate->client == client && rate->mark == mark_of(kitei, 0)) {
    double now = seconds(CLOCK_MONOTONIC);
    rate->left += (now - rate->since) * rate->rate, rate->since = now;
    if (rate->left > rate->rate) rate->left = rate->rate;
    may = !rate->rate || rate->left >= 1 ? MAY : MAY_NOT;
    if (may == MAY && rate->rate) rate->left--;
  }
  pthread_mutex_unlock(&kitei->rating);
  return may;
}

static void take_rate(kitei_t *kitei, REQUEST *request, uint32_t told) {
  uint64_t client = client_digest(kitei, request);
  rate_t *rate = &kitei->rates[client / 2 % RATES];
  pthread_mutex_lock(&kitei->rating);
  if (rate->client != client || rate->rate != told)
    *rate = (rate_t){client, told, 0, told, seconds(CLOCK_MONOTONIC)};
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

static rlm_rcode_t CC_HINT(nonnull) mod_authorize(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  uint64_t digest[2];
  may_t may = may_ask(kitei, request);
  if (may == MAY_NOT) {
    tell_login(kitei, request, "too-many-requests");
    tell(&request->config, request, PW_RESPONSE_PACKET_TYPE, SILENT);
    return RLM_MODULE_HANDLED;
  }
  if (may == MAY) {
    tell(&request->packet->vps, request->packet, RATE, 1); /* counted already */
    /* EAP with us: the policy has said whose it is, and will say who may come in when that is known */
    if (find(request, PW_EAP_MESSAGE) && route_of(kitei, request, "eap", digest) &&
        recall(kitei, request, digest))
      return RLM_MODULE_OK;
    if (digest_of(kitei, request, digest) && recall(kitei, request, digest) && tell_login(kitei, request, "accepted")) {
      tell(&request->config, request, PW_AUTH_TYPE, ACCEPT_TYPE);
      return RLM_MODULE_UPDATED;
    }
  }
  return RLM_MODULE_NOOP;
}

static void learn(kitei_t *kitei, REQUEST *request, uint64_t const digest[2]) {
  VALUE_PAIR *mark = fr_pair_find_by_num(request->config, MARK, 0, TAG_ANY);
  VALUE_PAIR *slot = fr_pair_find_by_num(request->config, SLOT, 0, TAG_ANY);
  if (mark && slot && slot->vp_integer < SLOTS) remember(kitei, request, digest, slot->vp_integer, mark->vp_integer);
}

static rlm_rcode_t CC_HINT(nonnull) mod_learn(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  VALUE_PAIR *rate = fr_pair_find_by_num(request->config, RATE, 0, TAG_ANY);
  uint64_t digest[2];
  if (rate) take_rate(kitei, request, rate->vp_integer);
  bool is_eap = find(request, PW_EAP_MESSAGE);
  if (is_eap ? route_of(kitei, request, "eap", digest) : digest_of(kitei, request, digest)) learn(kitei, request, digest);
  return RLM_MODULE_NOOP;
}

static rlm_rcode_t CC_HINT(nonnull) mod_learn_route(void *instance, REQUEST *request) {
  uint64_t digest[2];
  if (route_of(instance, request, "accounting", digest)) learn(instance, request, digest);
  return RLM_MODULE_NOOP;
}

/* `[at, client, status, session, user, port, address, in, out, in << 32, out << 32, seconds, delay, wide]` */
static rlm_rcode_t CC_HINT(nonnull) mod_account(void *instance, REQUEST *request) {
  static char const *const statuses[] = {[1] = "Start", [2] = "Stop", [3] = "Interim-Update", [7] = "Accounting-On",
                                         [8] = "Accounting-Off"};
  kitei_t *kitei = instance;
  VALUE_PAIR *status = find(request, PW_ACCT_STATUS_TYPE), *port = find(request, PW_NAS_PORT_ID), *address;
  uint64_t digest[2];
  if (!status || status->vp_integer > 8 || !statuses[status->vp_integer]) return RLM_MODULE_NOOP;
  char row[5 * 1600], text[256], *to = row + sprintf(row, "[%.6f", seconds(CLOCK_REALTIME));
  to = put_string(to, client_of(request));
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
  if (journal_put(&kitei->sessions, row, to - row))
    return route_of(kitei, request, "accounting", digest) && recall(kitei, request, digest) ? RLM_MODULE_OK : RLM_MODULE_NOOP;
  tell(&request->config, request, PW_RESPONSE_PACKET_TYPE, SILENT);
  return RLM_MODULE_HANDLED;
}

/* Called by the thread that receives for all, each second for each client: it must wait for nobody. */
static rlm_rcode_t CC_HINT(nonnull) mod_knows(void *instance, REQUEST *request) {
  kitei_t *kitei = instance;
  fr_ipaddr_t const *source = &request->packet->src_ipaddr;
  char path[1024], address[INET6_ADDRSTRLEN];
  if (!inet_ntop(source->af, &source->ipaddr, address, sizeof address)) return RLM_MODULE_NOTFOUND;
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
  pthread_mutex_init(&j->lock, NULL);
  return journal_open(j);
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
  return 0;
}

extern module_t rlm_kitei;
module_t rlm_kitei = {
    .magic = RLM_MODULE_INIT,
    .name = "kitei",
    .type = RLM_TYPE_THREAD_SAFE,
    .inst_size = sizeof(kitei_t),
    .config = config,
    .instantiate = mod_instantiate,
    .methods = {[MOD_AUTHORIZE] = mod_authorize, [MOD_POST_AUTH] = mod_learn, [MOD_PREACCT] = mod_learn_route,
                [MOD_ACCOUNTING] = mod_account, [MOD_SESSION] = mod_knows,
                [MOD_PRE_PROXY] = mod_put_aside, [MOD_POST_PROXY] = mod_put_back},
};
