/* Exporters: their streams, sequence numbers, sampling rates and templates.
 *
 * A session is one stream of one exporter. Sessions stand in sets of eight; a new one takes the place of the
 * one that proved itself least: an address that sent one datagram gives way to one that has sent records for
 * ten seconds, never the other way round within two minutes. A million spoofed exporters thus turn over the
 * unproven places only; with a list of exporters they are not even looked at.
 */
#include "targets.h"

#define SECOND 1000000000ull

static const Listed *listed(const Meter *m, const u8 *address) {
  if (!m->listed_count) return 0;
  u64 a, b;
  memcpy(&a, address, 8);
  memcpy(&b, address + 8, 8);
  for (u32 k = mix(a ^ mix(b ^ m->seed)) & (m->listed_max * 2 - 1);; k = (k + 1) & (m->listed_max * 2 - 1)) {
    if (!m->listed[k].used) return 0;
    if (!memcmp(m->listed[k].address, address, 16)) return &m->listed[k];
  }
}

/* Name an exporter. `rate` 0: as it says itself. `ingress_only`: what it tells of egress was told on its way
 * in already. -1: the list is full. */
PUBLIC int meter_list(Meter *m, const u8 *address, u32 rate, u32 ingress_only) {
  Listed *known = (Listed *)listed(m, address);
  if (!known && m->listed_count >= m->listed_max) return -1;
  u64 a, b;
  memcpy(&a, address, 8);
  memcpy(&b, address + 8, 8);
  u32 k = mix(a ^ mix(b ^ m->seed)) & (m->listed_max * 2 - 1);
  while (!known && m->listed[k].used) k = (k + 1) & (m->listed_max * 2 - 1);
  if (!known) known = &m->listed[k], m->listed_count++;
  memcpy(known->address, address, 16);
  known->rate = rate;
  known->ingress_only = ingress_only;
  known->used = 1;
  for (u32 i = 0; i < m->session_sets * WAYS; i++)
    if (m->sessions[i].last_ns && !memcmp(m->sessions[i].address, address, 16)) {
      m->sessions[i].fixed_rate = rate;
      m->sessions[i].listed = 1;
      m->sessions[i].ingress_only = (u8)ingress_only;
    }
  return 0;
}

/* No exporter is named any more; streams go on as if none had been. */
PUBLIC void meter_unlist(Meter *m) {
  memset(m->listed, 0, (size_t)m->listed_max * 2 * sizeof *m->listed);
  m->listed_count = m->closed = 0;
  for (u32 i = 0; i < m->session_sets * WAYS; i++)
    m->sessions[i].fixed_rate = m->sessions[i].listed = m->sessions[i].ingress_only = 0;
}

static size_t template_size(const Template *t) {
  return sizeof *t + (t->variable ? t->fields * sizeof(Field) : 0);
}

static void forget_template(Meter *m, Session *s, Template **link) {
  Template *t = *link;
  *link = t->next;
  m->templates--;
  m->template_bytes -= template_size(t);
  s->templates--;
  free(t);
}

static void forget_templates(Meter *m, Session *s, int which) { /* 0 data, 1 options, 2 both */
  for (int b = 0; b < BUCKETS; b++)
    for (Template **link = &s->bucket[b]; *link;)
      if (which == 2 || (*link)->options == which) forget_template(m, s, link);
      else link = &(*link)->next;
}

INLINE Template **template_link(const Meter *m, Session *s, u16 id) {
  Template **link = &s->bucket[mix(id ^ m->seed) & (BUCKETS - 1)];
  while (*link && (*link)->id != id) link = &(*link)->next;
  return link;
}

static int worth(const Session *s, u64 now) {
  if (!s->last_ns) return -1;
  if (s->listed) return 3;
  int proven = s->records && s->last_ns - s->first_ns >= 10 * SECOND;
  int fresh = now < s->last_ns + 120 * SECOND;
  return proven && fresh ? 2 : proven ? 1 : 0;
}

static Session *session(Meter *m, const u8 *address, const u8 *agent, u16 port, u32 domain, u16 protocol) {
  u64 a, b, c, d;
  memcpy(&a, address, 8);
  memcpy(&b, address + 8, 8);
  memcpy(&c, agent, 8);
  memcpy(&d, agent + 8, 8);
  u64 h = mix(a ^ mix(b ^ mix(c ^ mix(d ^ ((u64)domain << 32 | (u32)port << 16 | protocol) ^ m->seed))));
  Session *set = &m->sessions[(h & (m->session_sets - 1)) * WAYS], *least = set;
  for (int i = 0; i < WAYS; i++) {
    Session *s = &set[i];
    if (s->last_ns && s->port == port && s->domain == domain && s->protocol == protocol &&
        !memcmp(s->address, address, 16) && !memcmp(s->agent, agent, 16))
      return s;
    int mine = worth(s, m->now_ns), other = worth(least, m->now_ns);
    if (mine < other || (mine == other && s->last_ns < least->last_ns)) least = s;
  }
  if (worth(least, m->now_ns) >= 2) {
    m->faults[F_EXPORTER_LIMIT]++;
    return 0;
  }
  if (least->last_ns) forget_templates(m, least, 2);
  else m->sessions_used++;
  memset(least, 0, sizeof *least);
  memcpy(least->address, address, 16);
  memcpy(least->agent, agent, 16);
  least->port = port;
  least->domain = domain;
  least->protocol = protocol;
  const Listed *known = listed(m, address);
  least->listed = known != 0;
  least->fixed_rate = known ? known->rate : 0;
  least->ingress_only = known ? (u8)known->ingress_only : 0;
  least->first_ns = least->last_ns = m->now_ns;
  return least;
}

/* Take a datagram's sequence number; `units` is what it will be raised by, `known` whether we could tell.
 * A jump further than any loss, or a second late one that follows the first, is a restart. */
static void sequence(Session *s, u32 number, u32 units, int known, int restarted) {
  u32 ahead = number - s->expected;
  int follows_late = s->is_late && number == s->late_next;
  if (s->synced && (restarted || follows_late)) {
    s->restarts++;
  } else if (s->synced && ahead && ahead < 1u << 24) {
    s->lost += ahead;
    s->gaps++;
  } else if (s->synced && ahead && -ahead < 1u << 14) {
    s->late++;
    s->lost -= s->lost < units ? s->lost : units;
    s->late_next = number + units;
    s->is_late = 1;
    return;
  } else if (s->synced && ahead) {
    s->restarts++;
  }
  s->expected = number + units;
  s->is_late = 0;
  s->synced = (u8)known;
}

/* Whether the exporter's own clock went back by more than the order of datagrams can explain. */
static int restarted(Session *s, u32 uptime) {
  u32 before = s->uptime;
  s->uptime = uptime;
  return s->datagrams > 0 && before - uptime > 60000 && before - uptime < 1u << 31;
}

static void set_rate(Meter *m, Session *s, u32 kind, u32 id, u64 rate) {
  if (rate == 0) rate = 1;
  if (rate > MAX_RATE) {
    m->faults[F_SAMPLING]++;
    return;
  }
  if (kind == BY_DEFAULT) {
    s->rate = (u32)rate;
    return;
  }
  for (u32 i = 0; i < s->samplers; i++)
    if (s->sampler[i].kind == kind && s->sampler[i].id == id) {
      s->sampler[i].rate = (u32)rate;
      return;
    }
  if (s->samplers == SAMPLERS) {
    m->faults[F_SAMPLER_LIMIT]++;
    return;
  }
  s->sampler[s->samplers++] = (Sampler){kind, id, (u32)rate};
}

static u32 sampler_rate(const Session *s, u32 kind, u32 id) {
  for (u32 i = 0; i < s->samplers; i++)
    if (s->sampler[i].kind == kind && s->sampler[i].id == id) return s->sampler[i].rate;
  return 0;
}

/* The rate of records that name no sampler: what the exporter says of itself, else its only sampler's. */
static u32 general_rate(const Session *s) {
  if (s->fixed_rate) return s->fixed_rate;
  if (s->rate) return s->rate;
  return s->samplers == 1 && s->sampler[0].kind == BY_SAMPLER ? s->sampler[0].rate : 1;
}
