/* NetFlow 5, NetFlow 9 and IPFIX datagrams, record by record. */
#include "frames.h"

/* What stays the same over one datagram. */
typedef struct {
  Session *session, *source_of_templates;
  u64 export_ms, boot_ms;
  u32 general_rate;
  u16 version;
} Export;

/* Whether the flow is towards one of those asked for; where none is, any is. */
static int is_wanted(const Meter *m, const Record *r) {
  u64 high = get64(r->dst), low = get64(r->dst + 8);
  for (u32 i = 0; i < m->tap_for_count; i++) {
    const Target *t = &m->tap_for[i];
    if ((high & t->high_mask) == t->high && (low & t->low_mask) == t->low) return 1;
  }
  return !m->tap_for_count;
}

/* Once there are enough, nothing is kept any more, and reading is as quick as before. */
static void tap(Meter *m, const Record *r) {
  if (m->tap_count >= m->tap_size || !is_wanted(m, r)) return;
  m->tap[m->tap_count++] = *r;
  if (m->tap_count == m->tap_size) m->tap_size = 0;
}

/* Count one flow that was read in full, and keep it as evidence where that is asked for. */
static void take(Meter *m, Session *s, Record *r, u64 source, u32 slot) {
  if (r->bytes > MAX_BYTES || r->packets > MAX_PACKETS) {
    m->faults[F_IMPLAUSIBLE]++;
    s->malformed++;
    return;
  }
  u32 samples = r->packets < 65535 ? (u32)r->packets : 65535;
  r->bytes *= r->rate;
  r->packets *= r->rate;
  s->records++;
  Hit hit = {slot, r->group, r->bytes, r->packets, source, samples, r->sport, r->dport, r->protocol, r->flags, r->fragment};
  expect(m, &hit);
  if (m->tap_size) {
    memcpy(r->exporter, s->address, 16);
    r->exporter_port = s->port;
    r->domain = s->domain;
    tap(m, r);
  }
}

static u32 find_target(Meter *m, const Record *r, u32 *group) {
  *group = 0;
  return r->family == 4 ? target4(m, get32(r->dst + 12), group) : target6(m, r->dst, group);
}

static u64 source_key(const Record *r) {
  return r->family == 4 ? get32(r->src + 12) : mix(get64(r->src)) ^ get64(r->src + 8);
}

static void take_targeted(Meter *m, Session *s, Record *r) {
  u32 slot = find_target(m, r, &r->group);
  take(m, s, r, source_key(r), slot);
}

static void read_v5(Meter *m, const u8 *b, u32 n, const u8 *address, u16 port) {
  if (n < 24) {
    m->faults[F_SHORT]++;
    return;
  }
  u32 records = get16(b + 2);
  if (records == 0 || 24 + records * 48 > n) {
    m->faults[F_LENGTH]++;
    return;
  }
  static const u8 nobody[16];
  Session *s = session(m, address, nobody, port, get16(b + 20), 5);
  if (!s) return;
  u32 uptime = get32(b + 4);
  sequence(s, get32(b + 16), records, 1, restarted(s, uptime));
  s->datagrams++;
  s->last_ns = m->now_ns;
  u64 boot_ms = (u64)get32(b + 8) * 1000 + get32(b + 12) / 1000000 - uptime;
  s->rate = get16(b + 22) & 0x3fff; /* 0: not sampled */
  u32 rate = general_rate(s);
  for (const u8 *p = b + 24; records--; p += 48) {
    Record r = {.family = 4, .version = 5, .rate = rate, .flows = 1};
    mapped4(r.src, p);
    mapped4(r.dst, p + 4);
    r.in_if = get16(p + 12);
    r.out_if = get16(p + 14);
    r.packets = get32(p + 16);
    r.bytes = get32(p + 20);
    r.first_ms = boot_ms + get32(p + 24);
    r.last_ms = boot_ms + get32(p + 28);
    r.sport = get16(p + 32);
    r.dport = get16(p + 34);
    r.flags = p[37];
    r.protocol = p[38];
    r.tos = p[39];
    r.src_as = get16(p + 40);
    r.dst_as = get16(p + 42);
    if (r.protocol == 1) r.icmp_type = (u8)(r.dport >> 8), r.icmp_code = (u8)r.dport, r.dport = 0;
    take_targeted(m, s, &r);
  }
}

INLINE u64 value(const Plan *p, u16 role, const u8 *r) {
  return p->at[role] == ABSENT ? 0 : number(r + p->at[role], p->length[role]);
}

/* The rate a record itself, or the settings for its sampler or interface, tell. */
static u32 record_rate(const Export *e, const Plan *p, const u8 *r) {
  const Session *s = e->session;
  if (s->fixed_rate) return s->fixed_rate;
  if (has(p, INTERVAL)) {
    u64 told = value(p, INTERVAL, r);
    if (told && told <= MAX_RATE) return (u32)told;
  }
  const Session *from = s->samplers ? s : e->source_of_templates;
  u32 rate = 0;
  if (from && from->samplers) {
    if (has(p, SAMPLER)) rate = sampler_rate(from, BY_SAMPLER, (u32)value(p, SAMPLER, r));
    if (!rate && has(p, IN_IF)) rate = sampler_rate(from, BY_INTERFACE, (u32)value(p, IN_IF, r));
  }
  return rate ? rate : e->general_rate;
}

static u64 ntp_ms(u64 t) {
  return ((t >> 32) - 2208988800ull) * 1000 + ((t & 0xffffffff) * 1000 >> 32);
}

static u64 moment(const Export *e, const Plan *p, const u8 *r, u16 up, u16 s, u16 ms, u16 ntp, u16 ago) {
  if (has(p, ms)) return value(p, ms, r);
  if (has(p, s)) return value(p, s, r) * 1000;
  if (has(p, ntp)) return ntp_ms(value(p, ntp, r));
  if (has(p, ago)) return e->export_ms - value(p, ago, r) / 1000;
  u64 boot = has(p, BOOT_MS) ? value(p, BOOT_MS, r) : e->boot_ms;
  return has(p, up) && boot ? boot + value(p, up, r) : 0;
}

static int addresses(const Plan *p, const u8 *r, Record *to) {
  int six = has(p, DST6), four = has(p, DST4);
  if (six && four) six = get32(r + p->at[DST4]) == 0; /* templates for both fill one of them */
  if (six) {
    to->family = 6;
    memcpy(to->dst, r + p->at[DST6], 16);
    if (has(p, SRC6)) memcpy(to->src, r + p->at[SRC6], 16);
    return 1;
  }
  if (!four && !has(p, SRC4)) {
    if (!has(p, SRC6)) return 0;
    to->family = 6;
    memcpy(to->src, r + p->at[SRC6], 16);
    return 1;
  }
  static const u8 zero[4];
  to->family = 4;
  mapped4(to->dst, four ? r + p->at[DST4] : zero);
  mapped4(to->src, has(p, SRC4) ? r + p->at[SRC4] : zero);
  return 1;
}

/* A record that carries the head of a sampled packet instead of its fields. */
static int sectioned(Meter *m, const Export *e, const Plan *p, const u8 *r, Record *to) {
  u16 role = has(p, SECTION_L2) ? SECTION_L2 : SECTION_IP;
  Packet place[2];
  const Packet *k = read_packet(m, r + p->at[role], p->length[role], role == SECTION_L2 ? LINK_ETHERNET : LINK_IP4, place);
  if (!k) {
    m->faults[F_FRAME]++;
    e->session->malformed++;
    return 0;
  }
  memcpy(to->src, k->src, 16);
  memcpy(to->dst, k->dst, 16);
  to->family = k->family;
  to->protocol = k->protocol;
  to->flags = k->flags;
  to->tos = k->tos;
  to->sport = k->sport;
  to->dport = k->dport;
  to->vlan = k->vlan;
  to->icmp_type = k->icmp_type;
  to->icmp_code = k->icmp_code;
  to->fragment = k->fragment;
  to->tunnel = k->tunnel;
  to->group = k->group;
  to->packets = has(p, PACKETS) ? value(p, PACKETS, r) : 1;
  to->bytes = has(p, FRAME_SIZE) ? value(p, FRAME_SIZE, r) : has(p, BYTES) ? value(p, BYTES, r) : k->length;
  take(m, e->session, to, k->source, k->slot);
  return 1;
}

static void backwards(Meter *m, const Export *e, const Plan *p, const u8 *r, const Record *forth) {
  Record back = *forth;
  back.bytes = value(p, BACK_BYTES, r);
  back.packets = value(p, BACK_PACKETS, r);
  if (!back.bytes && !back.packets) return;
  if (!back.packets) back.packets = 1;
  memcpy(back.src, forth->dst, 16);
  memcpy(back.dst, forth->src, 16);
  back.sport = forth->dport;
  back.dport = forth->sport;
  back.src_as = forth->dst_as;
  back.dst_as = forth->src_as;
  back.in_if = forth->out_if;
  back.out_if = forth->in_if;
  back.flags = 0; /* of the other direction nothing is told */
  back.back = 1;
  take_targeted(m, e->session, &back);
}

/* Whether a record tells of egress what this exporter has told of ingress. */
INLINE int told_before(const Export *e, const Plan *p, const u8 *r) {
  return e->session->ingress_only && value(p, DIRECTION, r) == 1;
}

static void pass_over(Meter *m, Session *s) {
  m->records++;
  m->elsewhere++;
  s->records++;
}

/* Any record, field by field. */
static void read_record(Meter *m, const Export *e, const Plan *p, u16 id, const u8 *r) {
  Record to = {.version = (u8)e->version, .template_id = id};
  to.rate = record_rate(e, p, r);
  to.in_if = (u32)value(p, IN_IF, r);
  to.out_if = (u32)value(p, OUT_IF, r);
  to.first_ms = moment(e, p, r, FIRST_UP, FIRST_S, FIRST_MS, FIRST_NTP, FIRST_AGO);
  to.last_ms = moment(e, p, r, LAST_UP, LAST_S, LAST_MS, LAST_NTP, LAST_AGO);
  to.direction = (u8)value(p, DIRECTION, r);
  to.vlan = (u16)value(p, VLAN, r);
  if (told_before(e, p, r)) {
    pass_over(m, e->session);
    return;
  }
  to.flows = has(p, FLOWS) ? (u32)value(p, FLOWS, r) : 1;
  if (has(p, SECTION_L2) || has(p, SECTION_IP)) {
    sectioned(m, e, p, r, &to);
    return;
  }
  if (!addresses(p, r, &to)) {
    pass_over(m, e->session);
    return;
  }
  to.bytes = has(p, BYTES) ? value(p, BYTES, r) : value(p, IP_LENGTH, r);
  to.packets = has(p, PACKETS) ? value(p, PACKETS, r) : to.bytes ? 1 : 0;
  to.protocol = (u8)value(p, PROTOCOL, r);
  to.flags = (u8)value(p, FLAGS, r);
  to.tos = (u8)value(p, TOS, r);
  to.sport = (u16)value(p, SPORT, r);
  to.dport = (u16)value(p, DPORT, r);
  to.src_as = (u32)value(p, SRC_AS, r);
  to.dst_as = (u32)value(p, DST_AS, r);
  to.fragment = (value(p, OFFSET, r) & 0x1fff) != 0 || value(p, MORE, r) & 0x20;
  if (to.protocol == 1 || to.protocol == 58) {
    u64 both = has(p, ICMP) ? value(p, ICMP, r) : to.dport;
    to.icmp_type = has(p, ICMP_TYPE) ? (u8)value(p, ICMP_TYPE, r) : (u8)(both >> 8);
    to.icmp_code = has(p, ICMP_CODE) ? (u8)value(p, ICMP_CODE, r) : (u8)both;
    to.dport = 0;
  }
  take_targeted(m, e->session, &to);
  if (has(p, BACK_BYTES) || has(p, BACK_PACKETS)) backwards(m, e, p, r, &to);
}

/* What an options record says of sampling. */
static void read_options(Meter *m, const Export *e, const Plan *p, const u8 *r) {
  u64 rate = 0;
  if (has(p, INTERVAL)) {
    rate = value(p, INTERVAL, r);
  } else if (has(p, SPACE_TAKEN) && has(p, SPACE)) {
    u64 taken = value(p, SPACE_TAKEN, r), space = value(p, SPACE, r);
    rate = taken && space <= MAX_RATE * taken ? (taken + space + taken / 2) / taken : 0;
  } else if (has(p, SPACE_TAKEN)) {
    rate = value(p, SPACE_TAKEN, r);
  } else if (has(p, SIZE) && has(p, POPULATION)) {
    u64 size = value(p, SIZE, r);
    rate = size ? (value(p, POPULATION, r) + size / 2) / size : 0;
  } else if (has(p, PROBABILITY) && p->length[PROBABILITY] == 8) {
    u64 bits = get64(r + p->at[PROBABILITY]);
    double probability;
    memcpy(&probability, &bits, 8);
    rate = probability > 1e-9 && probability <= 1 ? (u64)(1 / probability + 0.5) : 0;
  } else {
    return;
  }
  Session *s = e->session;
  if (has(p, SAMPLER)) set_rate(m, s, BY_SAMPLER, (u32)value(p, SAMPLER, r), rate);
  else if (has(p, IN_IF) && value(p, IN_IF, r)) set_rate(m, s, BY_INTERFACE, (u32)value(p, IN_IF, r), rate);
  else set_rate(m, s, BY_DEFAULT, 0, rate);
}

INLINE int has_samplers(const Export *e) {
  return e->session->samplers || (e->source_of_templates && e->source_of_templates->samplers);
}

static int is_usual(const Export *e, const Template *t) {
  const Plan *p = &t->plan;
  return p->length[PROTOCOL] == 1 && p->length[FLAGS] == 1 && p->length[SPORT] == 2 && p->length[DPORT] == 2 &&
         has(p, PROTOCOL) && has(p, FLAGS) && has(p, SPORT) && has(p, DPORT) && !has(p, OFFSET) && !has(p, MORE) &&
         !has_samplers(e) && !e->session->ingress_only;
}

/* The tight loop over records of a simple template: rows are asked for before they are needed. `usual`: ports,
 * protocol and flags have their usual lengths, and nothing else is to be minded; then no record is asked what it has. */
INLINE void count_simple(Meter *m, const Export *e, const Template *t, const u8 *r, u32 n, u32 byte_length,
                         u32 packet_length, int usual) {
  Hit hit[AHEAD];
  const Plan *p = &t->plan;
  u32 six = has(p, DST6), size = t->size, done = 0;
  u32 dst = p->at[six ? DST6 : DST4], src = p->at[six ? SRC6 : SRC4];
  u32 by = p->at[BYTES], pk = p->at[PACKETS];
  u32 sp = p->at[SPORT], dp = p->at[DPORT], pr = p->at[PROTOCOL], fl = p->at[FLAGS];
  u32 each = !usual && has_samplers(e);
  while (n) {
    u32 some = n < AHEAD ? n : AHEAD;
    for (u32 i = 0; i < some; i++, r += size) {
      Hit *h = &hit[i];
      h->group = 0;
      h->slot = six ? target6(m, r + dst, &h->group) : target4(m, get32(r + dst), &h->group);
      if (!usual && told_before(e, p, r)) h->slot = h->group = 0;
      ask_for(m, h->slot);
      u64 bytes = number(r + by, byte_length), packets = number(r + pk, packet_length);
      u32 rate = each ? record_rate(e, p, r) : e->general_rate;
      h->protocol = usual || has(p, PROTOCOL) ? r[pr] : 0;
      h->flags = usual ? r[fl] : has(p, FLAGS) ? r[fl + p->length[FLAGS] - 1] : 0;
      h->sport = usual ? get16(r + sp) : (u16)value(p, SPORT, r);
      h->dport = usual ? get16(r + dp) : (u16)value(p, DPORT, r);
      if (h->protocol == 1 || h->protocol == 58) h->dport = 0;
      h->fragment = !usual && ((value(p, OFFSET, r) & 0x1fff) != 0 || value(p, MORE, r) & 0x20);
      h->source = six ? mix(get64(r + src)) ^ get64(r + src + 8) : get32(r + src);
      int plausible = bytes <= MAX_BYTES && packets <= MAX_PACKETS;
      h->bytes = plausible ? bytes * rate : UINT64_MAX;
      h->packets = packets * rate;
      h->samples = packets < 65535 ? (u32)packets : 65535;
    }
    for (u32 i = 0; i < some; i++) {
      if (__builtin_expect(hit[i].bytes == UINT64_MAX, 0)) {
        m->faults[F_IMPLAUSIBLE]++;
        e->session->malformed++;
        continue;
      }
      count(m, &hit[i]);
      done++;
    }
    n -= some;
  }
  e->session->records += done;
}

/* Records whose fields' places differ from one to the next. */
static u32 read_variable(Meter *m, const Export *e, const Template *t, const u8 *p, const u8 *end) {
  u32 records = 0;
  while (end - p >= t->size) {
    Plan plan;
    memset(&plan.at, 0xff, sizeof plan.at);
    const u8 *r = p;
    for (int i = 0; i < t->fields; i++) {
      u32 length = t->field[i].length;
      if (length == 65535) {
        if (end - p < 1) goto beyond;
        length = *p++;
        if (length == 255) {
          if (end - p < 2) goto beyond;
          length = get16(p);
          p += 2;
        }
      }
      if ((u32)(end - p) < length) goto beyond;
      u16 role = fitting(t->field[i].role, (u16)length);
      if (role && !has(&plan, role)) {
        plan.at[role] = (u16)(p - r);
        plan.length[role] = (u16)length;
      }
      p += length;
    }
    settle_plan(&plan);
    if (t->options) read_options(m, e, &plan, r);
    else read_record(m, e, &plan, t->id, r);
    records++;
  }
  return records;
beyond:
  m->faults[F_RECORD]++;
  e->session->malformed++;
  return records;
}

static u32 read_data(Meter *m, Export *e, const Template *t, const u8 *p, const u8 *end) {
  if (t->variable) return read_variable(m, e, t, p, end);
  u32 n = (u32)(end - p) / t->size;
  if (t->options) {
    for (u32 i = 0; i < n; i++) read_options(m, e, &t->plan, p + (size_t)i * t->size);
    e->general_rate = general_rate(e->session);
  } else if (t->simple && !m->tap_size) {
    u32 by = t->plan.length[BYTES], pk = t->plan.length[PACKETS];
    int usual = is_usual(e, t);
    if (usual && by == 4 && pk == 4) count_simple(m, e, t, p, n, 4, 4, 1);
    else if (usual && by == 8 && pk == 8) count_simple(m, e, t, p, n, 8, 8, 1);
    else count_simple(m, e, t, p, n, by, pk, 0);
  } else {
    for (u32 i = 0; i < n; i++) read_record(m, e, &t->plan, t->id, p + (size_t)i * t->size);
  }
  return n;
}

/* Whether all sets end within the datagram. Padding of zeros behind the last one is nothing. */
static int whole(const u8 *p, const u8 *end) {
  while (end - p >= 4) {
    u32 id = get16(p), length = get16(p + 2);
    if (id == 0 && length == 0) {
      for (; p < end; p++)
        if (*p) return 0;
      return 1;
    }
    if (length < 4 || length > (u32)(end - p)) return 0;
    p += length;
  }
  return 1;
}

static const Template *template_of(Meter *m, const Export *e, u16 id) {
  const Template *t = *template_link(m, e->session, id);
  if (!t && e->source_of_templates) t = *template_link(m, e->source_of_templates, id);
  return t;
}

INLINE Session **elder_place(const Meter *m, const Session *s) {
  u64 a, b;
  memcpy(&a, s->address, 8);
  memcpy(&b, s->address + 8, 8);
  return &m->elders[mix(a ^ mix(b ^ s->domain ^ (u64)s->protocol << 32 ^ m->seed)) & (m->session_sets * WAYS - 1)];
}

/* Where a stream has sent no templates from its own port, another port of the same address and domain may
 * have: the last that did. */
static Session *elder(const Meter *m, const Session *s) {
  Session *o = s->templates_heard ? 0 : *elder_place(m, s);
  int same = o && o != s && o->templates && o->domain == s->domain && o->protocol == s->protocol &&
             !memcmp(o->address, s->address, 16);
  return same ? o : 0;
}

/* NetFlow 9 and IPFIX. */
static void read_sets(Meter *m, const u8 *b, u32 n, const u8 *address, u16 port) {
  static const u8 nobody[16];
  int ipfix = get16(b) == 10;
  u32 header = ipfix ? 16 : 20;
  if (n < header) {
    m->faults[F_SHORT]++;
    return;
  }
  u32 length = ipfix ? get16(b + 2) : n;
  if (length < header || length > n || !whole(b + header, b + length)) {
    m->faults[F_LENGTH]++;
    return;
  }
  Session *s = session(m, address, nobody, port, get32(b + (ipfix ? 12 : 16)), ipfix ? 10 : 9);
  if (!s) return;
  Export e = {.session = s, .version = ipfix ? 10 : 9};
  e.export_ms = (u64)get32(b + (ipfix ? 4 : 8)) * 1000;
  e.boot_ms = ipfix ? 0 : e.export_ms - get32(b + 4);
  e.source_of_templates = elder(m, s);
  e.general_rate = general_rate(s);
  if (e.general_rate == 1 && !s->fixed_rate && e.source_of_templates)
    e.general_rate = general_rate(e.source_of_templates);
  u32 data_records = 0;
  int known = 1;
  for (const u8 *p = b + header, *end = b + length; end - p >= 4;) {
    u16 id = get16(p), size = get16(p + 2);
    if (size < 4) break; /* zeros */
    if (id == (ipfix ? 2 : 0) || id == (ipfix ? 3 : 1)) {
      read_templates(m, s, p + 4, p + size, ipfix, id == (ipfix ? 3 : 1));
      *elder_place(m, s) = s;
    } else if (id >= 256) {
      const Template *t = template_of(m, &e, id);
      if (t) {
        data_records += read_data(m, &e, t, p + 4, p + size);
      } else {
        m->faults[F_NO_TEMPLATE]++;
        s->missing_templates++;
        known = 0;
      }
    }
    p += size;
  }
  u32 number = get32(b + (ipfix ? 8 : 12));
  sequence(s, number, ipfix ? data_records : 1, ipfix ? known : 1, ipfix ? 0 : restarted(s, get32(b + 4)));
  s->datagrams++;
  s->last_ns = m->now_ns;
}
