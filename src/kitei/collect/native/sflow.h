/* sFlow 5 datagrams: samples of packets, each scaled by its own rate. */
#include "netflow.h"

typedef struct {
  Session *session;
  u32 rate, in_if, out_if;
  u16 vlan;
} Sample;

INLINE Record sampled(const Sample *at) {
  return (Record){.version = 105, .rate = at->rate, .packets = 1, .flows = 1, .in_if = at->in_if, .out_if = at->out_if};
}

/* sFlow speaks of a packet's header, or of its addresses only. 0: nothing in it that we read. */
static int read_element(Meter *m, const Sample *at, u32 format, const u8 *p, u32 n) {
  if (format == 1) {
    static const u8 links[14] = {[1] = LINK_ETHERNET, [11] = LINK_IP4, [12] = LINK_IP6, [13] = LINK_MPLS};
    if (n < 16) goto broken;
    u32 protocol = get32(p), length = get32(p + 12);
    if (length > n - 16) goto broken;
    if (protocol > 13 || !links[protocol]) return 0;
    Packet place[2];
    const Packet *k = read_packet(m, p + 16, length, links[protocol], place);
    if (!k) {
      m->faults[F_FRAME]++;
      m->elsewhere++;
      return 0;
    }
    if (!m->tap_size) { /* the same, without what nobody looks at */
      Hit hit = {k->slot, k->group, (u64)get32(p + 4) * at->rate, at->rate, k->source, 1, k->sport, k->dport,
                 k->protocol, k->flags, k->fragment};
      at->session->records++;
      expect(m, &hit);
      return 1;
    }
    Record r = sampled(at);
    memcpy(r.src, k->src, 16);
    memcpy(r.dst, k->dst, 16);
    r.bytes = get32(p + 4);
    r.family = k->family;
    r.protocol = k->protocol;
    r.flags = k->flags;
    r.tos = k->tos;
    r.sport = k->sport;
    r.dport = k->dport;
    r.vlan = k->vlan;
    r.icmp_type = k->icmp_type;
    r.icmp_code = k->icmp_code;
    r.fragment = k->fragment;
    r.tunnel = k->tunnel;
    r.group = k->group;
    take(m, at->session, &r, k->source, k->slot);
    return 1;
  }
  Record r = sampled(at);
  u32 size = format == 3 ? 4 : 16;
  if (n < 8 + 2 * size + 16) goto broken;
  r.family = format == 3 ? 4 : 6;
  r.bytes = get32(p);
  r.protocol = (u8)get32(p + 4);
  p += 8;
  if (size == 4) mapped4(r.src, p), mapped4(r.dst, p + 4);
  else memcpy(r.src, p, 16), memcpy(r.dst, p + 16, 16);
  p += 2 * size;
  r.sport = (u16)get32(p);
  r.dport = (u16)get32(p + 4);
  r.flags = (u8)get32(p + 8);
  r.tos = (u8)get32(p + 12);
  take_targeted(m, at->session, &r);
  return 1;
broken:
  m->faults[F_LENGTH]++;
  at->session->malformed++;
  return 0;
}

/* What the agent itself had to drop since we last heard of this data source. */
static void note_drops(Session *s, u32 id, u32 drops) {
  u32 place = id % SOURCES;
  if (s->source[place].used && s->source[place].id == id && drops - s->source[place].drops < 1u << 31)
    s->source_drops += drops - s->source[place].drops;
  s->source[place].id = id;
  s->source[place].drops = drops;
  s->source[place].used = 1;
}

/* A flow sample's elements: the packet header where there is one, else the addresses. */
static void read_sample(Meter *m, Session *s, const u8 *p, const u8 *end, int expanded) {
  u32 head = expanded ? 44 : 32;
  if (end - p < head) goto broken;
  u32 rate = get32(p + (expanded ? 12 : 8));
  if (rate == 0 || rate > MAX_RATE) {
    m->faults[F_SAMPLING]++;
    s->malformed++;
    return;
  }
  s->rate = rate;
  note_drops(s, get32(p + (expanded ? 8 : 4)), get32(p + (expanded ? 20 : 16)));
  Sample at = {s, s->fixed_rate ? s->fixed_rate : rate, 0, 0, 0};
  at.in_if = get32(p + (expanded ? 28 : 20)) & (expanded ? ~0u : 0x3fffffff);
  at.out_if = get32(p + (expanded ? 36 : 24)) & (expanded ? ~0u : 0x3fffffff);
  u32 elements = get32(p + head - 4), best = 0, best_length = 0;
  const u8 *best_at = 0;
  for (p += head; elements && end - p >= 8; elements--) {
    u32 format = get32(p), length = get32(p + 4);
    p += 8;
    if (length > (u32)(end - p)) goto broken;
    int rank = format == 1 ? 3 : format == 3 || format == 4 ? 2 : 0;
    if (rank && (!best_at || (format == 1 && best != 1))) best = format, best_at = p, best_length = length;
    u32 padded = (length + 3) & ~3u;
    p += padded > (u32)(end - p) ? length : padded;
  }
  if (elements) goto broken;
  if (best_at) read_element(m, &at, best, best_at, best_length);
  return;
broken:
  m->faults[F_LENGTH]++;
  s->malformed++;
}

/* Where a sample is of the usual shape and of IPv6, its host is asked for before its turn comes; else nothing. */
INLINE void foresee(const Meter *m, const u8 *p, u32 length) {
  if (length < 32 + 24 + 54 || get32(p + 32) != 1 || get16(p + 32 + 24 + 12) != 0x86dd) return;
  __builtin_prefetch(&m->hosts[hash6(m, p + 32 + 24 + 14 + 24) & m->hosts_mask], 1);
}

static void read_sflow(Meter *m, const u8 *b, u32 n, const u8 *address, u16 port) {
  u8 agent[16] = {0};
  if (n < 28) {
    m->faults[F_SHORT]++;
    return;
  }
  u32 family = get32(b + 4), at = family == 1 ? 12 : 24;
  if (family != 1 && family != 2) {
    m->faults[F_LENGTH]++;
    return;
  }
  if (n < at + 16) {
    m->faults[F_SHORT]++;
    return;
  }
  if (family == 1) mapped4(agent, b + 8);
  else memcpy(agent, b + 8, 16);
  const u8 *end = b + n;
  u32 samples = get32(b + at + 12), seen = 0;
  for (const u8 *p = b + at + 16; end - p >= 8 && seen < samples; seen++) {
    u32 length = get32(p + 4);
    if (length > (u32)(end - p) - 8) break;
    if (get32(p) == 1) foresee(m, p + 8, length);
    p += 8 + length;
  }
  if (seen < samples) {
    m->faults[F_LENGTH]++;
    return;
  }
  Session *s = session(m, address, agent, port, get32(b + at), 105);
  if (!s) return;
  sequence(s, get32(b + at + 4), 1, 1, restarted(s, get32(b + at + 8)));
  s->datagrams++;
  s->last_ns = m->now_ns;
  for (const u8 *p = b + at + 16; samples--;) {
    u32 type = get32(p), length = get32(p + 4);
    p += 8;
    if (type == 1 || type == 3) read_sample(m, s, p, p + length, type == 3);
    p += length;
  }
}
