/* Protected prefixes, and what each address in them receives in this second.
 *
 * IPv4: a table by /24 leads to a block of 256 rows, so that a hit costs no search. IPv6: a hash of the hosts
 * seen in this second; what finds no room there still counts for its prefix. A second ends by raising the
 * epoch: rows are cleared when they are next touched, and only touched rows are handed over.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "flow.h"

static void *pages(size_t size) {
  void *p = mmap(0, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return 0;
  madvise(p, size, MADV_HUGEPAGE);
  return p;
}

INLINE u32 target4(const Meter *m, u32 address, u32 *group) {
  u32 b = m->dir24[address >> 8];
  if (!b) return 0;
  const Block *block = &m->blocks[b - 1];
  u32 low = address & 255;
  u32 g = block->host_group ? block->host_group[low] : block->group;
  *group = g;
  return g ? 1 + (b - 1) * 256 + low : 0;
}

static u32 prefix6(const Meter *m, u64 high, u64 low) {
  for (u32 i = 0; i < m->lengths_count; i++) {
    u32 n = m->lengths[i];
    u64 h = n == 0 ? 0 : n >= 64 ? high : high & ~0ull << (64 - n);
    u64 l = n <= 64 ? 0 : n == 128 ? low : low & ~0ull << (128 - n);
    for (u32 k = mix(h ^ mix(l + n) ^ m->seed) & m->prefixes_mask; m->prefixes[k].used; k = (k + 1) & m->prefixes_mask)
      if (m->prefixes[k].high == h && m->prefixes[k].low == l && m->prefixes[k].length == n)
        return m->prefixes[k].group;
  }
  return 0;
}

INLINE u64 hash6(const Meter *m, const u8 *address) {
  u64 high, low;
  memcpy(&high, address, 8);
  memcpy(&low, address + 8, 8);
  return mix(high ^ mix(low ^ m->seed));
}

/* The row of an IPv6 host; 0 with a group where the host finds no room, 0 without where it is not ours. */
static u32 target6(Meter *m, const u8 *address, u32 *group) {
  *group = 0;
  if (!m->lengths_count) return 0;
  u64 high, low;
  memcpy(&high, address, 8);
  memcpy(&low, address + 8, 8);
  u64 h = hash6(m, address);
  u32 first_row = 1 + m->blocks_max * 256, free_at = UINT32_MAX;
  for (u32 step = 0; step < 32; step++) {
    u32 k = (h + step) & m->hosts_mask;
    Host6 *host = &m->hosts[k];
    if (host->epoch != m->epoch) {
      free_at = k;
      break;
    }
    if (host->high == high && host->low == low) {
      *group = m->host_group6[host->slot];
      return first_row + host->slot;
    }
  }
  u32 g = prefix6(m, get64(address), get64(address + 8));
  *group = g;
  if (!g) return 0;
  if (free_at == UINT32_MAX || m->hosts_count >= m->hosts6_max) {
    m->faults[F_TARGET_LIMIT]++;
    m->spilled[g]++;
    return 0;
  }
  u32 slot = m->hosts_count++;
  m->hosts[free_at] = (Host6){high, low, slot, m->epoch};
  memcpy(m->host_address[slot], address, 16);
  m->host_group6[slot] = g;
  return first_row + slot;
}

INLINE u32 add32(u32 a, u64 b) {
  u64 sum = (u64)a + b;
  return sum > UINT32_MAX ? UINT32_MAX : (u32)sum;
}

INLINE u64 add64(u64 a, u64 b) {
  u64 sum = a + b;
  return sum < a ? UINT64_MAX : sum;
}

/* UDP source ports whose answers are larger than their questions: each at a place of its own (the compiler says so if
 * not) in two cache lines, for a table of all ports is never at hand when few flows come. Place 0 is taken, so that
 * port 0 is not found. */
#define PLACE(port) ((u16)((port) * 597u) >> 10)
#define AT(port) [PLACE(port)] = port
static const u16 AMPLIFIES[64] = {AT(17),   AT(19),   AT(53),   AT(69),   AT(111),  AT(123),   AT(137),   AT(161),   AT(389),
                                  AT(427),  AT(520),  AT(1434), AT(1900), AT(3283), AT(3389),  AT(3478),  AT(3702),  AT(5093),
                                  AT(5353), AT(5683), AT(10001), AT(11211), AT(27015), AT(30718), AT(32414), AT(37810)};
#undef AT

INLINE int amplifies(u16 port) { return AMPLIFIES[PLACE(port)] == port; }

INLINE void spread(u8 *registers, u64 source, u64 seed) {
  u64 h = mix(source ^ seed);
  u8 rank = 1 + __builtin_ctzll(h >> 5 | 1ull << 40);
  u8 *r = &registers[h & (REGISTERS - 1)];
  if (rank > *r) *r = rank;
}

/* Weighted Misra-Gries: a port with more than a third of the packets is always among the three. */
INLINE void top_port(u16 *port, u32 *weight, u16 p, u64 packets) {
  int least = 0;
  for (int i = 0; i < PORTS; i++) {
    if (port[i] == p && weight[i]) {
      weight[i] = add32(weight[i], packets);
      return;
    }
    if (weight[i] < weight[least]) least = i;
  }
  if (!weight[least]) {
    port[least] = p;
    weight[least] = add32(0, packets);
    return;
  }
  u32 take = packets < weight[least] ? (u32)packets : weight[least];
  for (int i = 0; i < PORTS; i++) weight[i] -= take;
  if (packets > take) {
    port[least] = p;
    weight[least] = add32(0, packets - take);
  }
}

INLINE void add_to(Row *row, const Hit *hit, u64 seed) {
  u64 packets = hit->packets, bytes = hit->bytes;
  row->bytes = add64(row->bytes, bytes);
  row->packets = add64(row->packets, packets);
  row->flows = add32(row->flows, 1);
  u32 samples = row->samples + hit->samples;
  row->samples = samples < 65535 ? (u16)samples : 65535;
  switch (hit->protocol) {
    case 6:
      row->tcp = add32(row->tcp, packets);
      row->tcp_bytes = add64(row->tcp_bytes, bytes);
      if ((hit->flags & 0x12) == 0x02) row->syn = add32(row->syn, packets);
      break;
    case 17:
      row->udp = add32(row->udp, packets);
      row->udp_bytes = add64(row->udp_bytes, bytes);
      if (amplifies(hit->sport)) row->amp_bytes = add64(row->amp_bytes, bytes);
      break;
    case 1:
    case 58:
      row->icmp = add32(row->icmp, packets);
      row->icmp_bytes = add64(row->icmp_bytes, bytes);
  }
  if (hit->fragment) row->fragments = add32(row->fragments, packets);
  spread(row->source, hit->source, seed);
  if (hit->dport) top_port(row->port, row->port_packets, hit->dport, packets);
}

INLINE void count(Meter *m, const Hit *hit) {
  m->records++;
  if (__builtin_expect(!hit->slot, 0)) {
    if (hit->group) add_to(&m->group_rows[hit->group], hit, m->seed);
    else m->elsewhere++;
    return;
  }
  Row *row = &m->rows[hit->slot];
  if (row->epoch != m->epoch) {
    memset(row, 0, sizeof *row);
    row->epoch = m->epoch;
    m->dirty[m->dirty_count++] = hit->slot;
  }
  u64 packets = row->packets, bytes = row->bytes;
  add_to(row, hit, m->seed);
  if (__builtin_expect(row->packets < m->early_packets && row->bytes < m->early_bytes, 1)) return;
  if (packets < m->early_packets && bytes < m->early_bytes && m->early_count < EARLY) m->early[m->early_count++] = hit->slot;
}

INLINE void ask_for(const Meter *m, u32 slot) {
  __builtin_prefetch(&m->rows[slot], 1);
  __builtin_prefetch((const char *)&m->rows[slot] + 64, 1);
}

/* Count all hits that wait. Before a call ends that read datagrams, so that nothing waits when a second ends. */
static void count_queued(Meter *m) {
  for (u32 i = m->queued; i; i--) count(m, &m->queue[(m->queue_at - i) & (AHEAD - 1)]);
  m->queued = 0;
}

/* Count a hit soon: when AHEAD more have come, by which time its row has. */
INLINE void expect(Meter *m, const Hit *hit) {
  Hit *place = &m->queue[m->queue_at++ & (AHEAD - 1)];
  if (m->queued == AHEAD) count(m, place);
  else m->queued++;
  ask_for(m, hit->slot);
  *place = *hit;
}

static u32 sources(const u8 *registers) {
  double sum = 0;
  int zeros = 0;
  for (int i = 0; i < REGISTERS; i++) {
    sum += 1.0 / (double)(1ull << registers[i]);
    zeros += registers[i] == 0;
  }
  double n = REGISTERS, estimate = 0.697 * n * n / sum;
  if (estimate <= 2.5 * n && zeros) estimate = n * log(n / zeros);
  return (u32)(estimate + 0.5);
}

static void merge(Row *into, const Row *row) {
  into->bytes = add64(into->bytes, row->bytes);
  into->packets = add64(into->packets, row->packets);
  into->tcp_bytes = add64(into->tcp_bytes, row->tcp_bytes);
  into->udp_bytes = add64(into->udp_bytes, row->udp_bytes);
  into->icmp_bytes = add64(into->icmp_bytes, row->icmp_bytes);
  into->amp_bytes = add64(into->amp_bytes, row->amp_bytes);
  into->flows = add32(into->flows, row->flows);
  u32 samples = (u32)into->samples + row->samples;
  into->samples = samples < 65535 ? (u16)samples : 65535;
  into->tcp = add32(into->tcp, row->tcp);
  into->udp = add32(into->udp, row->udp);
  into->icmp = add32(into->icmp, row->icmp);
  into->syn = add32(into->syn, row->syn);
  into->fragments = add32(into->fragments, row->fragments);
  for (int i = 0; i < REGISTERS; i++) into->source[i] = row->source[i] > into->source[i] ? row->source[i] : into->source[i];
  for (int i = 0; i < PORTS; i++)
    if (row->port_packets[i]) top_port(into->port, into->port_packets, row->port[i], row->port_packets[i]);
}

INLINE u64 less(u64 whole, u64 a, u64 b, u64 c) {
  u64 known = add64(add64(a, b), c);
  return whole > known ? whole - known : 0;
}

static int over(const Row *r, const u64 *limit) {
  const u64 figure[LIMITS] = {
      r->bytes, r->packets, r->flows, r->tcp_bytes, r->tcp, r->syn, r->udp_bytes, r->udp, r->amp_bytes,
      r->icmp_bytes, r->icmp, r->fragments,
      less(r->bytes, r->tcp_bytes, r->udp_bytes, r->icmp_bytes), less(r->packets, r->tcp, r->udp, r->icmp)};
  for (int i = 0; i < LIMITS; i++)
    if (limit[i] && figure[i] >= limit[i]) return 1;
  return 0;
}

static void tell(Tally *to, const Row *row, u32 group) {
  to->group = group;
  to->sources = sources(row->source);
  to->bytes = row->bytes;
  to->packets = row->packets;
  to->tcp_bytes = row->tcp_bytes;
  to->udp_bytes = row->udp_bytes;
  to->icmp_bytes = row->icmp_bytes;
  to->amp_bytes = row->amp_bytes;
  to->flows = row->flows;
  to->samples = row->samples;
  to->tcp = row->tcp;
  to->udp = row->udp;
  to->icmp = row->icmp;
  to->syn = row->syn;
  to->fragments = row->fragments;
  memcpy(to->port, row->port, sizeof to->port);
  memcpy(to->port_packets, row->port_packets, sizeof to->port_packets);
}

/* End the second. `hosts` receives those over a limit of their group (all where `whole`), `groups` one a group
 * with traffic. Returns the hosts that would have been told; only `room` of them are. */
static u32 group_of(const Meter *m, u32 slot) {
  u32 first_row6 = 1 + m->blocks_max * 256;
  if (slot >= first_row6) return m->host_group6[slot - first_row6];
  const Block *block = &m->blocks[(slot - 1) / 256];
  return block->host_group ? block->host_group[(slot - 1) & 255] : block->group;
}

static void tell_host(const Meter *m, Tally *to, u32 slot, u32 group) {
  u32 first_row6 = 1 + m->blocks_max * 256;
  memset(to, 0, sizeof *to);
  tell(to, &m->rows[slot], group);
  if (slot >= first_row6) {
    memcpy(to->address, m->host_address[slot - first_row6], 16);
  } else {
    u32 address = __builtin_bswap32(m->blocks[(slot - 1) / 256].network | ((slot - 1) & 255));
    mapped4(to->address, (const u8 *)&address);
  }
}

/* Note from now on hosts that reach so many packets or bytes within a second (see meter_peek). */
PUBLIC void meter_early(Meter *m, u64 packets, u64 bytes) {
  m->early_packets = packets;
  m->early_bytes = bytes;
}

/* Hosts that are over their limits already, in the second that is not yet over; of them the first EARLY. */
PUBLIC u32 meter_peek(const Meter *m, Tally *hosts, u32 room) {
  u32 told = 0;
  for (u32 i = 0; i < m->early_count && told < room; i++) {
    u32 slot = m->early[i], g = group_of(m, slot);
    if (over(&m->rows[slot], m->groups[g].limit)) tell_host(m, &hosts[told++], slot, g);
  }
  return told;
}

PUBLIC u32 meter_roll(Meter *m, int whole, Tally *hosts, u32 room, Tally *groups, u32 *groups_told, u32 *active) {
  u32 told = 0, n = 0;
  for (u32 i = 0; i < m->dirty_count; i++) {
    u32 slot = m->dirty[i], g = group_of(m, slot);
    const Row *row = &m->rows[slot];
    if (i + 16 < m->dirty_count) ask_for(m, m->dirty[i + 16]);
    merge(&m->group_rows[g], row);
    if (!whole && !over(row, m->groups[g].limit)) continue;
    if (told++ >= room) continue;
    tell_host(m, &hosts[told - 1], slot, g);
  }
  for (u32 g = 1; g < m->groups_max; g++) {
    if (!m->groups[g].used || !m->group_rows[g].flows) continue;
    memset(&groups[n], 0, sizeof *groups);
    tell(&groups[n], &m->group_rows[g], g);
    groups[n++].spilled = m->spilled[g] > 65535 ? 65535 : m->spilled[g];
    memset(&m->group_rows[g], 0, sizeof *m->group_rows);
    m->spilled[g] = 0;
  }
  *groups_told = n;
  *active = m->dirty_count;
  m->dirty_count = m->hosts_count = m->early_count = 0;
  if (++m->epoch == 0) m->epoch = 1; /* 136 years of seconds */
  return told;
}

/* Take an IPv4 prefix under protection as `group`. Shorter prefixes first: a longer one takes its part away.
 * 0: done; -1: no room for its rows. */
PUBLIC int meter_protect4(Meter *m, u32 network, u32 length, u32 group) {
  if (group == 0 || group >= m->groups_max || length > 32 || length < 8) return -2;
  u32 hosts = length >= 24 ? 256 : 1u << (32 - length), needed = 0;
  u32 from = network >> 8, until = from + (hosts >> 8);
  for (u32 i = from; i < until; i++) needed += m->dir24[i] == 0;
  if (m->blocks_count + needed > m->blocks_max) return -1;
  for (u32 i = from; i < until; i++) {
    if (!m->dir24[i]) {
      m->blocks[m->blocks_count] = (Block){i << 8, 0, 0};
      m->dir24[i] = ++m->blocks_count;
    }
    Block *block = &m->blocks[m->dir24[i] - 1];
    if (length <= 24) {
      free(block->host_group);
      block->host_group = 0;
      block->group = group;
      continue;
    }
    if (!block->host_group) {
      block->host_group = calloc(256, sizeof(u32));
      if (!block->host_group) return -1;
      for (int k = 0; k < 256; k++) block->host_group[k] = block->group;
    }
    for (u32 k = 0; k < 1u << (32 - length); k++) block->host_group[(network & 255) + k] = group;
  }
  m->groups[group].used = 1;
  return 0;
}

PUBLIC int meter_protect6(Meter *m, const u8 *network, u32 length, u32 group) {
  if (group == 0 || group >= m->groups_max || length > 128) return -2;
  if (m->prefixes_count * 2 > m->prefixes_mask) return -1;
  u64 high = get64(network), low = get64(network + 8);
  u32 k = mix(high ^ mix(low + length) ^ m->seed) & m->prefixes_mask;
  while (m->prefixes[k].used) k = (k + 1) & m->prefixes_mask;
  m->prefixes[k] = (Prefix6){high, low, group, (u8)length, 1};
  m->prefixes_count++;
  m->groups[group].used = 1;
  u32 i = 0;
  while (i < m->lengths_count && m->lengths[i] > length) i++;
  if (i < m->lengths_count && m->lengths[i] == length) return 0;
  memmove(&m->lengths[i + 1], &m->lengths[i], m->lengths_count - i);
  m->lengths[i] = (u8)length;
  m->lengths_count++;
  return 0;
}

PUBLIC void meter_limit(Meter *m, u32 group, const u64 *limit, u32 look_inside) {
  if (group >= m->groups_max) return;
  memcpy(m->groups[group].limit, limit, sizeof m->groups[group].limit);
  m->groups[group].look_inside = look_inside;
}

/* Forget all protected prefixes; what was counted in this second goes with them. */
PUBLIC void meter_unprotect(Meter *m) {
  for (u32 i = 0; i < m->blocks_count; i++) {
    m->dir24[m->blocks[i].network >> 8] = 0;
    free(m->blocks[i].host_group);
    m->blocks[i].host_group = 0;
  }
  m->blocks_count = m->dirty_count = m->hosts_count = m->early_count = 0;
  memset(m->groups, 0, m->groups_max * sizeof *m->groups);
  memset(m->group_rows, 0, m->groups_max * sizeof *m->group_rows);
  memset(m->prefixes, 0, ((size_t)m->prefixes_mask + 1) * sizeof *m->prefixes);
  m->prefixes_count = m->lengths_count = 0;
  m->epoch++;
}
