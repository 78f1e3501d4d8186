/* What the parts of the flow meter share: one meter, its sessions with exporters, its targets.
 *
 * The meter knows no Python. It is called through ctypes, which lets go of the interpreter for the time of
 * a call. Every table has a fixed size given when the meter is made: nothing a datagram says can make it
 * grow. Numbers on the wire are big-endian; addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d.
 */
#ifndef KITEI_FLOW_H
#define KITEI_FLOW_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PUBLIC __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))

/* Why something was dropped. The order is that of `collect.faults.Fault` in Python. */
enum {
  F_SHORT,          /* datagram ends within its own header */
  F_VERSION,        /* neither NetFlow 5, 9, IPFIX nor sFlow 5 */
  F_LENGTH,         /* a set, sample or count reaches beyond the datagram */
  F_TEMPLATE,       /* a template no record could follow */
  F_TEMPLATE_LIMIT, /* more or longer templates than one session, or all, may hold */
  F_NO_TEMPLATE,    /* a data set whose template is not known (yet, or any more) */
  F_RECORD,         /* a record whose variable field reaches beyond its set */
  F_FRAME,          /* a sampled header that holds no whole IP header */
  F_IMPLAUSIBLE,    /* a record of more bytes or packets than a link can carry */
  F_SAMPLING,       /* a sampling rate that cannot be */
  F_SAMPLER_LIMIT,  /* more samplers than one session may hold */
  F_UNLISTED,       /* the source is not on the list of exporters */
  F_EXPORTER_LIMIT, /* no room for one more session */
  F_TARGET_LIMIT,   /* no room for one more IPv6 host in this second: counted for its prefix only */
  FAULTS
};

enum { SOURCES = 16, SAMPLERS = 32, BUCKETS = 32, WAYS = 8, REGISTERS = 32, PORTS = 3 };
enum { AHEAD = 32 }; /* a power of two */
enum { SESSION_TEMPLATES = 1024, TEMPLATE_FIELDS = 1024, LAYERS = 12 };
#define MAX_BYTES (1ull << 38)   /* of one record before scaling: 256 GiB */
#define MAX_PACKETS (1ull << 32)
#define MAX_RATE (1u << 24)
#define ABSENT 0xffff

/* What a field of a template means to us. */
enum {
  NOTHING, SRC4, DST4, SRC6, DST6, BYTES, BYTES_FIRST, BYTES_POST, BYTES_TOTAL, BYTES_L2, PACKETS,
  PACKETS_FIRST, PACKETS_POST, PACKETS_TOTAL, BACK_BYTES, BACK_PACKETS, PROTOCOL, TOS, FLAGS, SPORT, DPORT,
  IN_IF, OUT_IF, FIRST_UP, LAST_UP, FIRST_S, LAST_S, FIRST_MS, LAST_MS, FIRST_NTP, LAST_NTP, FIRST_AGO,
  LAST_AGO, BOOT_MS, SRC_AS, DST_AS, VLAN, ICMP, ICMP_TYPE, ICMP_CODE, OFFSET, MORE, DIRECTION, INTERVAL,
  SAMPLER, SPACE_TAKEN, SPACE, SIZE, POPULATION, PROBABILITY, FRAME_SIZE, IP_LENGTH, SECTION_L2,
  SECTION_IP, FLOWS, ROLES
};

typedef struct {
  u16 at[ROLES];     /* offset in the record, ABSENT where the template has no such field */
  u16 length[ROLES];
} Plan;

typedef struct {
  u16 role, length; /* length 65535: variable, told in the record */
} Field;

typedef struct Template {
  struct Template *next;
  u16 id, fields;
  u16 size;         /* of a record; of a variable one the least */
  u8 options, variable, simple;
  Plan plan;
  Field field[];    /* only of variable templates */
} Template;

enum { BY_DEFAULT = 1, BY_SAMPLER = 2, BY_INTERFACE = 3 };
typedef struct {
  u32 kind, id, rate;
} Sampler;

/* One exporter's stream: address, port, protocol and observation domain (source id, engine, sub-agent). */
typedef struct {
  u8 address[16], agent[16];
  u32 domain;
  u16 port, protocol;
  u64 first_ns, last_ns; /* when heard, 0: the place is free */
  u64 datagrams, records, lost, gaps, late, restarts, missing_templates, malformed, source_drops;
  u32 expected, late_next, uptime, fixed_rate, rate;
  u32 templates, samplers;
  u8 synced, listed, is_late, ingress_only, pad[4];
  u64 templates_heard;
  /* up to here Python reads it */
  struct {
    u32 id, drops, used;
  } source[SOURCES]; /* of sFlow: what each data source says it dropped, in all */
  Sampler sampler[SAMPLERS];
  Template *bucket[BUCKETS];
} Session;

/* Counters of one target in one second: two cache lines. Packets and bytes are scaled by sampling. */
typedef struct __attribute__((aligned(128))) {
  u64 bytes, packets, tcp_bytes, udp_bytes, amp_bytes;
  u32 flows, tcp, udp, icmp, syn, fragments;
  u64 icmp_bytes;
  u32 epoch;
  u32 port_packets[PORTS];
  u16 port[PORTS];
  u16 samples; /* packets before scaling; stays at 65535 */
  u8 source[REGISTERS]; /* HyperLogLog of source addresses */
} Row;

/* The same as it is handed over at the end of the second. */
typedef struct {
  u8 address[16];
  u32 group, sources;
  u64 bytes, packets, tcp_bytes, udp_bytes, icmp_bytes, amp_bytes;
  u32 flows, tcp, udp, icmp, syn, fragments;
  u32 port_packets[PORTS];
  u16 port[PORTS];
  u16 spilled; /* of a group: records of hosts that found no room of their own */
  u32 samples, pad;
} Tally;

/* A group is one protected prefix. A host is handed over when any figure reaches the group's limit. */
enum { LIMITS = 14 };
typedef struct {
  u64 limit[LIMITS]; /* in the order of `collect.counters.METRICS`; 0: none */
  u32 look_inside, used;
} Group;

typedef struct {
  u32 network, group;
  u32 *host_group; /* where not all of the /24 is one group's */
} Block;

typedef struct {
  u64 high, low;
  u32 slot, epoch;
} Host6;

typedef struct {
  u64 high, low;
  u32 group;
  u8 length, used;
} Prefix6;

typedef struct {
  u8 address[16];
  u32 rate, used, ingress_only;
} Listed;

/* One flow as it was read: for evidence and for comparison with other readers. */
typedef struct {
  u8 src[16], dst[16], exporter[16];
  u64 bytes, packets, first_ms, last_ms;
  u32 domain, rate, in_if, out_if, src_as, dst_as, group, flows;
  u16 sport, dport, vlan, template_id, exporter_port;
  u8 family, protocol, flags, tos, icmp_type, icmp_code, fragment, version, direction, back, tunnel, pad;
} Record;

/* What counting needs of a flow. */
typedef struct {
  u32 slot, group;
  u64 bytes, packets, source;
  u32 samples;
  u16 sport, dport;
  u8 protocol, flags, fragment;
} Hit;

/* A prefix whose flows are wanted, as two masked halves of sixteen bytes. */
typedef struct {
  u64 high, low, high_mask, low_mask;
} Target;

#define TAP_TARGETS 32
#define EARLY 1024

typedef struct Meter {
  /* totals that Python reads, in this order */
  u64 datagrams, records, elsewhere, kernel_drops, templates, template_bytes, sessions_used, hosts6, faults[FAULTS];
  /* sizes */
  u32 blocks_max, hosts6_max, groups_max, session_sets, listed_max, templates_max, template_bytes_max;
  u64 seed;
  /* targets */
  Row *rows, *group_rows;
  u32 *dirty, dirty_count, epoch, blocks_count;
  u32 *dir24;
  Block *blocks;
  Group *groups;
  Host6 *hosts;
  u8 (*host_address)[16];
  u32 *host_group6;
  u32 hosts_mask, hosts_count;
  Prefix6 *prefixes;
  u32 prefixes_mask, prefixes_count;
  u8 lengths[129];
  u32 lengths_count;
  u32 *spilled;
  /* exporters */
  Session *sessions, **elders;
  Listed *listed;
  u32 listed_count, closed;
  /* evidence */
  Record *tap;
  u32 tap_size, tap_count; /* a size of 0: nothing is kept (any more) */
  Target tap_for[TAP_TARGETS];
  u32 tap_for_count;
  Hit queue[AHEAD]; /* a ring: counted when their rows have had time to arrive */
  u32 queued, queue_at;
  /* rows that reached what may be too much, before their second is over */
  u64 early_packets, early_bytes;
  u32 early[EARLY], early_count;
  u64 now_ns, pause;
  int stop, takes_runs;
  u8 *buffers;
} Meter;

INLINE u16 get16(const u8 *p) { u16 x; __builtin_memcpy(&x, p, 2); return __builtin_bswap16(x); }
INLINE u32 get32(const u8 *p) { u32 x; __builtin_memcpy(&x, p, 4); return __builtin_bswap32(x); }
INLINE u64 get64(const u8 *p) { u64 x; __builtin_memcpy(&x, p, 8); return __builtin_bswap64(x); }

/* A number of 0 to 8 bytes; of a longer field the last 8. */
INLINE u64 number(const u8 *p, u32 length) {
  switch (length) {
    case 4: return get32(p);
    case 8: return get64(p);
    case 2: return get16(p);
    case 1: return *p;
  }
  u64 value = 0;
  while (length--) value = value << 8 | *p++;
  return value;
}

INLINE u64 mix(u64 x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15ull;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9ull;
  return x ^ x >> 32;
}

INLINE void mapped4(u8 *to, const u8 *four) {
  __builtin_memset(to, 0, 10);
  to[10] = to[11] = 0xff;
  __builtin_memcpy(to + 12, four, 4);
}

#endif
