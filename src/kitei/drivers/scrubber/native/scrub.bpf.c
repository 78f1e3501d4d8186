/* The scrubber: what comes in by the dirty port for a protected prefix is cleaned; all else passes untouched.
 *
 * The order of checks is that of the part `Scrubbing`: deny, allow, malformed and fragments, amplification, SYN
 * proof, each source's limit, the contract's ceiling. No check keeps a packet; each counts what it drops.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "cookie.h"

#define INLINE static __always_inline
#define APART static __attribute__((noinline)) /* seldom called, with registers and a stack of its own */
#define OPAQUE(pointer) asm volatile("" : "+r"(pointer)) /* or clang works it out anew wherever it is used */
#define VLANS 2
#define FARTHEST (sizeof(struct ethhdr) + VLANS * sizeof(struct vlan)) /* place of an IP header */
#define EXTENSIONS 6
#define SECOND 1000000000ULL

enum fragment { WHOLE, FIRST, LATER };

struct vlan {
    __be16 tag;
    __be16 inner;
};

/* What is known of a packet. `l4` is nothing where there is no such header, as in a later fragment. */
struct packet {
    void *end;
    void *l3;
    void *l4;
    __u64 source;
    __u32 place; /* of l3 in the frame */
    __u32 bytes;
    __u32 room; /* from l4 to the end of the IP packet */
    __u8 protocol;
    __u8 fragment;
    bool is_bent;  /* it contradicts itself */
    bool is_plain; /* no options or extension headers */
};

/* How packets are cleaned, and where they are counted. */
struct rules {
    const struct policy *policy;
    struct tally *tallies;
};

/* Put the beginning of a packet aside, as evidence; nothing where the queue is full. */
APART int keep_head(struct xdp_md *frame, __u32 from, __u32 contract, __u32 reason, __u32 bytes)
{
    struct head head = {.at = bpf_ktime_get_ns(), .contract = contract, .reason = reason, .bytes = bytes};
    __u32 kept = bpf_xdp_get_buff_len(frame) - from;
    if (kept > HEAD)
        kept = HEAD;
    if (kept < 1 || bpf_xdp_load_bytes(frame, from, head.start, kept))
        return 0;
    head.kept = kept;
    bpf_map_push_elem(&heads, &head, 0);
    return 0;
}

/* Count a packet, which is as it came; of many, keep the beginning of one. */
INLINE int count(struct xdp_md *frame, __u32 place, struct rules rules, __u32 reason, __u64 bytes, int verdict)
{
    struct tally *tally = &rules.tallies[reason];
    if (!(tally->packets & (ONE_OF - 1)))
        keep_head(frame, place, rules.policy->contract, reason, bytes);
    tally->packets++;
    tally->bytes += bytes;
    return verdict;
}

/* ---- reading ---------------------------------------------------------------------------------- */

INLINE void read4(struct xdp_md *frame, struct packet *packet, const struct iphdr *ip)
{
    __u32 header = ip->ihl * 4, total = bpf_ntohs(ip->tot_len), place = bpf_ntohs(ip->frag_off);
    bool is_there = (void *)ip + total <= packet->end || total <= bpf_xdp_get_buff_len(frame) - packet->place;
    packet->protocol = ip->protocol;
    packet->bytes = total;
    packet->is_plain = header == sizeof(*ip);
    packet->fragment = place & 0x1fff ? LATER : place & 0x2000 ? FIRST : WHOLE;
    packet->is_bent = header < sizeof(*ip) || total < header || !is_there || ip->saddr == ip->daddr;
    packet->room = packet->is_bent ? 0 : total - header;
    packet->l4 = packet->is_bent || packet->fragment == LATER ? 0 : (void *)ip + header;
}

/* An IPv6 packet's headers one after the other (RFC 8200), up to one that is not an extension. */
INLINE void read6(struct packet *packet, const struct ipv6hdr *ip, __u32 there)
{
    __u32 payload = bpf_ntohs(ip->payload_len);
    void *at = (void *)(ip + 1);
    __u8 next = ip->nexthdr;
    bool is_read = false;
    packet->bytes = payload ? payload + sizeof(*ip) : there;
    packet->is_plain = true;
    packet->is_bent = packet->bytes > there;
#pragma unroll
    for (int i = 0; i <= EXTENSIONS; i++) {
        __u8 *header = at;
        if (is_read)
            continue;
        if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
            next != IPPROTO_FRAGMENT && next != IPPROTO_AH) {
            is_read = true;
            continue;
        }
        packet->is_plain = false;
        if ((void *)(header + 8) > packet->end)
            break;
        if (next == IPPROTO_FRAGMENT) {
            __u32 place = header[2] << 8 | header[3];
            packet->fragment = place & 0xfff8 ? LATER : place & 1 ? FIRST : WHOLE;
            at = header + 8;
        } else {
            at = header + (next == IPPROTO_AH ? (header[1] + 2) * 4 : (header[1] + 1) * 8);
        }
        next = header[0];
        if (packet->fragment == LATER)
            is_read = true;
    }
    __u32 headers = at - (void *)ip;
    packet->is_bent |= !is_read || headers > packet->bytes;
    packet->room = packet->is_bent ? 0 : packet->bytes - headers;
    packet->protocol = next;
    packet->l4 = packet->is_bent || packet->fragment == LATER ? 0 : at;
}

/* TCP flags that no stack sends are refused with the rest that makes no sense. */
INLINE bool is_malformed(const struct packet *packet)
{
    if (packet->is_bent)
        return true;
    if (!packet->l4)
        return false;
    if (packet->protocol == IPPROTO_TCP) {
        const struct tcphdr *tcp = packet->l4;
        if ((void *)(tcp + 1) > packet->end || tcp->doff < 5 || tcp->doff * 4 > packet->room)
            return true;
        return (tcp->syn && (tcp->fin || tcp->rst)) || !(tcp->syn || tcp->ack || tcp->rst);
    }
    if (packet->protocol == IPPROTO_UDP) {
        const struct udphdr *udp = packet->l4;
        if ((void *)(udp + 1) > packet->end || packet->room < sizeof(*udp))
            return true;
        __u32 length = bpf_ntohs(udp->len); /* 0: a jumbogram (RFC 2675) */
        return length && (length < sizeof(*udp) || (packet->fragment == WHOLE && length > packet->room));
    }
    return false;
}

/* ---- whose it is ------------------------------------------------------------------------------ */

INLINE struct core *here(void)
{
    struct core *core = &memory.cores[bpf_get_smp_processor_id() & (CORES - 1)];
    OPAQUE(core);
    return core;
}

/* Ask the trie how packets to an address are cleaned; 0 where it is not protected. */
APART int learn4(struct recent4 *known, __be32 address)
{
    struct prefix4 key = {.bits = 32};
    __builtin_memcpy(key.address, &address, 4);
    __u64 now = changes; /* before the trie is read */
    const struct policy *policy = bpf_map_lookup_elem(&protected4, &key);
    if (!known || !policy)
        return 0;
    known->policy = *policy;
    known->changes = now;
    known->address = address;
    return 1;
}

APART int learn6(struct recent6 *known, const struct in6_addr *address)
{
    struct prefix6 key = {.bits = 128};
    if (!known || !address)
        return 0;
    __builtin_memcpy(key.address, address, 16);
    __u64 now = changes;
    const struct policy *policy = bpf_map_lookup_elem(&protected6, &key);
    if (!policy)
        return 0;
    known->policy = *policy;
    known->changes = now;
    __builtin_memcpy(known->address, address, 16);
    return 1;
}

INLINE const struct policy *policy4_of(struct core *core, const struct iphdr *ip)
{
    struct recent4 *known = &core->recent4[ip->daddr >> 22]; /* what differs most within a prefix */
    OPAQUE(known);
    if ((known->changes != changes || known->address != ip->daddr) && !learn4(known, ip->daddr))
        return 0;
    return &known->policy;
}

INLINE const struct policy *policy6_of(struct core *core, const struct ipv6hdr *ip)
{
    struct recent6 *known = &core->recent6[bpf_ntohl(ip->daddr.s6_addr32[3]) & (RECENT - 1)];
    OPAQUE(known);
    __u64 address[2];
    __builtin_memcpy(address, &ip->daddr, 16);
    if ((known->changes != changes || known->address[0] != address[0] || known->address[1] != address[1]) &&
        !learn6(known, &ip->daddr))
        return 0;
    return &known->policy;
}

INLINE struct rules rules_of(struct core *core, const struct policy *policy)
{
    const __u32 within = sizeof(core->tallies) - sizeof(core->tallies[0]); /* or no verifier believes it */
    struct tally *tallies = (void *)core->tallies + (policy->tallies & within);
    OPAQUE(tallies);
    return (struct rules){policy, tallies};
}

/* ---- judging ---------------------------------------------------------------------------------- */

/* What an entry says. Where no single address is allowed, that it is there says all, and its value, which lies on a
 * cache line of its own, is not read. */
INLINE bool is_allowed_by(const struct policy *policy, const __u32 *host)
{
    return policy->allows_hosts && *host;
}

/* What is said of a single address; it is more specific than any prefix. */
INLINE const __u32 *host4_of(const struct policy *policy, const struct iphdr *ip)
{
    struct host4 host = {.list = policy->hosts};
    __builtin_memcpy(host.address, &ip->saddr, 4);
    return policy->hosts ? bpf_map_lookup_elem(&hosts4, &host) : 0;
}

INLINE const __u32 *host6_of(const struct policy *policy, const struct ipv6hdr *ip)
{
    struct host6 host = {.list = policy->hosts};
    __builtin_memcpy(host.address, &ip->saddr, 16);
    return policy->hosts ? bpf_map_lookup_elem(&hosts6, &host) : 0;
}

INLINE const __u32 *prefix4_of(const struct policy *policy, const struct iphdr *ip)
{
    struct listed4 key = {.bits = 32 + 32, .list = policy->prefixes};
    __builtin_memcpy(key.address, &ip->saddr, 4);
    return policy->prefixes ? bpf_map_lookup_elem(&listed4, &key) : 0;
}

INLINE const __u32 *prefix6_of(const struct policy *policy, const struct ipv6hdr *ip)
{
    struct listed6 key = {.bits = 32 + 128, .list = policy->prefixes};
    __builtin_memcpy(key.address, &ip->saddr, 16);
    return policy->prefixes ? bpf_map_lookup_elem(&listed6, &key) : 0;
}

/* Fragment, time to live and protocol are read as one word. */
INLINE bool is_whole_udp(const struct iphdr *ip)
{
    const __u32 *word = (const void *)ip + offsetof(struct iphdr, frag_off);
    return (*word & bpf_htonl(0x3fff00ff)) == bpf_htonl(IPPROTO_UDP);
}

INLINE bool is_reflector(const struct policy *policy, __be16 port)
{
    if (policy->factor)
        return policy->ports[port * policy->factor >> (32 - NEAR_BITS)] == port;
    return memory.reflectors[policy->list & (LISTS_MOST - 1)].bits[port >> 3] >> (port & 7) & 1;
}

INLINE bool is_amplified(const struct policy *policy, const struct packet *packet)
{
    const struct udphdr *udp = packet->l4;
    return packet->protocol == IPPROTO_UDP && udp && (void *)(udp + 1) <= packet->end &&
           is_reflector(policy, udp->source);
}

/* What most of such a flood is, seen at once: a datagram that is sound beyond doubt, from such a port. Its header is
 * all there, and it should be of `room` bytes. What is not so plain is cleaned, which comes to the same. */
INLINE bool is_plainly_amplified(const struct policy *policy, const struct udphdr *udp, const void *end, __u32 room)
{
    __u32 length = bpf_ntohs(udp->len);
    return length == room && length >= sizeof(*udp) && (void *)udp + length <= end && is_reflector(policy, udp->source);
}

/* Does this packet come too early on a bucket of `map`? It takes `cost` of the time if not. */
INLINE bool is_early(void *map, const void *key, __u64 cost, __u64 burst)
{
    __u64 now = bpf_ktime_get_ns();
    __u64 *busy = bpf_map_lookup_elem(map, key);
    if (!busy) {
        __u64 first = now + cost;
        bpf_map_update_elem(map, key, &first, BPF_ANY);
        return false;
    }
    __u64 from = *busy > now ? *busy : now;
    if (from - now > burst)
        return true;
    *busy = from + cost;
    return false;
}

INLINE bool is_over_ceiling(const struct policy *policy, const struct packet *packet)
{
    __u32 slot = policy->contract;
    struct contract *contract = bpf_map_lookup_elem(&contracts, &slot);
    if (!contract || !contract->cost)
        return false;
    __u64 now = bpf_ktime_get_ns() << 8, busy = contract->busy;
    __u64 cost = packet->bytes * contract->cost >> 16;
    if (busy > now && busy - now > contract->burst)
        return true;
    /* All cores share the bucket. Whoever loses the race to restart an idle one adds to the winner's. */
    if (busy < now && __sync_val_compare_and_swap(&contract->busy, busy, now + cost) == busy)
        return false;
    __sync_fetch_and_add(&contract->busy, cost);
    return false;
}

/* Is the source of this RST proven by it? Wrong answers are limited for each source, so that guessing the 16
 * bits takes an attacker most of a day for each address it would forge. */
INLINE bool is_answer(const struct settings *set, const struct packet *packet, const struct tcphdr *tcp,
                      bool is_v6)
{
    __u16 told = (__u16)bpf_ntohl(tcp->seq);
    __u64 *busy = bpf_map_lookup_elem(&guesses, &packet->source), now = bpf_ktime_get_ns();
    if (busy && *busy > now && *busy - now > set->guess_burst)
        return false;
    struct endpoints ends = endpoints_of(packet->l3, is_v6, tcp);
    __u64 epoch = now >> EPOCH;
    if (told == cookie(set->secret, &ends, epoch) || told == cookie(set->secret, &ends, epoch - 1))
        return true;
    is_early(&guesses, &packet->source, set->guess_cost, set->guess_burst);
    return false;
}

INLINE bool is_proven(const struct packet *packet)
{
    const __u64 *until = bpf_map_lookup_elem(&proven, &packet->source);
    return until && *until > bpf_ktime_get_ns();
}

/* What the lists leave is cleaned. `is_v6` is known to the compiler: each family has its own copy. */
INLINE int clean(struct xdp_md *frame, const struct packet *packet, struct rules rules, bool is_allowed, bool is_v6)
{
    const struct policy *policy = rules.policy;
    if (is_allowed)
        goto ceiling;
    if (is_malformed(packet))
        return count(frame, packet->place, rules, MALFORMED, packet->bytes, XDP_DROP);
    if (packet->fragment != WHOLE && policy->flags & NO_FRAGMENTS)
        return count(frame, packet->place, rules, FRAGMENT, packet->bytes, XDP_DROP);
    if (is_amplified(policy, packet))
        return count(frame, packet->place, rules, AMPLIFIED, packet->bytes, XDP_DROP);
    if (policy->flags & SYN_PROOF && packet->protocol == IPPROTO_TCP && packet->l4) {
        struct tcphdr *tcp = packet->l4;
        __u32 zero = 0;
        const struct settings *set = bpf_map_lookup_elem(&settings, &zero);
        if (!set || (void *)(tcp + 1) > packet->end)
            return count(frame, packet->place, rules, MALFORMED, packet->bytes, XDP_DROP);
        if (tcp->syn && !tcp->ack && !is_proven(packet)) {
            count(frame, packet->place, rules, UNPROVEN, packet->bytes, XDP_DROP); /* before it becomes the answer */
            return packet->is_plain ? challenge(frame, set, packet->l3, is_v6, tcp) : XDP_DROP;
        }
        if (tcp->rst && !is_proven(packet) && is_answer(set, packet, tcp, is_v6)) {
            __u64 until = bpf_ktime_get_ns() + set->trust_ns;
            bpf_map_update_elem(&proven, &packet->source, &until, BPF_ANY);
            return count(frame, packet->place, rules, ANSWER, packet->bytes, XDP_DROP);
        }
    }
    if (policy->source_cost) {
        struct sender key = {.source = packet->source, .contract = policy->contract};
        if (is_early(&senders, &key, policy->source_cost, SECOND))
            return count(frame, packet->place, rules, SOURCE, packet->bytes, XDP_DROP);
    }
ceiling:
    if (is_over_ceiling(policy, packet))
        return count(frame, packet->place, rules, CEILING, packet->bytes, XDP_DROP);
    return count(frame, packet->place, rules, PASSED, packet->bytes, XDP_PASS);
}

APART int clean4(struct xdp_md *frame, __u32 place, const struct policy *policy, struct tally *tallies, bool is_allowed)
{
    void *end = (void *)(long)frame->data_end;
    struct iphdr *ip = (void *)(long)frame->data + place;
    if (place > FARTHEST || !policy || !tallies || (void *)(ip + 1) > end)
        return XDP_DROP;
    struct packet packet = {.end = end, .l3 = ip, .place = place, .source = 0xffffULL << 32 | bpf_ntohl(ip->saddr)};
    read4(frame, &packet, ip);
    return clean(frame, &packet, (struct rules){policy, tallies}, is_allowed, false);
}

APART int clean6(struct xdp_md *frame, __u32 place, const struct policy *policy, struct tally *tallies, bool is_allowed)
{
    void *end = (void *)(long)frame->data_end;
    struct ipv6hdr *ip = (void *)(long)frame->data + place;
    if (place > FARTHEST || !policy || !tallies || (void *)(ip + 1) > end)
        return XDP_DROP;
    struct packet packet = {.end = end, .l3 = ip, .place = place};
    __builtin_memcpy(&packet.source, &ip->saddr, 8);
    packet.source = bpf_be64_to_cpu(packet.source);
    read6(&packet, ip, bpf_xdp_get_buff_len(frame) - place);
    return clean(frame, &packet, (struct rules){policy, tallies}, is_allowed, true);
}

/* `ip` is all there, at `place` of the frame; and where it `is_long` the header of a datagram behind it. */
INLINE int scrub4(struct xdp_md *frame, const struct iphdr *ip, __u32 place, bool is_long)
{
    struct core *core = here();
    const struct policy *policy = policy4_of(core, ip);
    if (!policy)
        return XDP_PASS;
    struct rules rules = rules_of(core, policy);
    const __u32 *host = host4_of(policy, ip);
    if (host && !is_allowed_by(policy, host))
        return count(frame, place, rules, DENIED, bpf_ntohs(ip->tot_len), XDP_DROP);
    const __u32 *prefix = host ? 0 : prefix4_of(policy, ip);
    if (prefix && !*prefix)
        return count(frame, place, rules, DENIED, bpf_ntohs(ip->tot_len), XDP_DROP);
    if (host || prefix)
        return clean4(frame, place, policy, rules.tallies, true);
    __u64 bytes = bpf_ntohs(ip->tot_len);
    if (is_long && *(__u8 *)ip == 0x45 && is_whole_udp(ip) && ip->saddr != ip->daddr &&
        is_plainly_amplified(policy, (void *)(ip + 1), (void *)(long)frame->data_end, bytes - sizeof(*ip)))
        return count(frame, place, rules, AMPLIFIED, bytes, XDP_DROP);
    return clean4(frame, place, policy, rules.tallies, false);
}

INLINE int scrub6(struct xdp_md *frame, const struct ipv6hdr *ip, __u32 place, bool is_long)
{
    struct core *core = here();
    const struct policy *policy = policy6_of(core, ip);
    if (!policy)
        return XDP_PASS;
    struct rules rules = rules_of(core, policy);
    const __u32 *host = host6_of(policy, ip), *prefix = host ? 0 : prefix6_of(policy, ip);
    __u32 room = bpf_ntohs(ip->payload_len);
    if (host ? !is_allowed_by(policy, host) : prefix && !*prefix)
        return count(frame, place, rules, DENIED, sizeof(*ip) + room, XDP_DROP);
    if (host || prefix)
        return clean6(frame, place, policy, rules.tallies, true);
    if (is_long && ip->nexthdr == IPPROTO_UDP &&
        is_plainly_amplified(policy, (void *)(ip + 1), (void *)(long)frame->data_end, room))
        return count(frame, place, rules, AMPLIFIED, sizeof(*ip) + room, XDP_DROP);
    return clean6(frame, place, policy, rules.tallies, false);
}

/* IPv6, and what is tagged. */
APART int scrub_others(struct xdp_md *frame)
{
    void *start = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
    struct ethhdr *ethernet = start;
    if ((void *)(ethernet + 1) > end)
        return XDP_PASS;
    __be16 type = ethernet->h_proto;
    __u32 place = sizeof(*ethernet);
#pragma unroll
    for (int i = 0; i < VLANS; i++) {
        struct vlan *vlan = start + place;
        if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
            break;
        if ((void *)(vlan + 1) > end)
            return XDP_PASS;
        type = vlan->inner;
        place += sizeof(*vlan);
    }
    void *l3 = start + place;
    const __u32 more = sizeof(struct udphdr);
    if (type == bpf_htons(ETH_P_IPV6) && l3 + sizeof(struct ipv6hdr) + more <= end)
        return scrub6(frame, l3, place, true);
    if (type == bpf_htons(ETH_P_IPV6) && l3 + sizeof(struct ipv6hdr) <= end)
        return scrub6(frame, l3, place, false);
    if (type == bpf_htons(ETH_P_IP) && l3 + sizeof(struct iphdr) + more <= end)
        return scrub4(frame, l3, place, true);
    if (type == bpf_htons(ETH_P_IP) && l3 + sizeof(struct iphdr) <= end)
        return scrub4(frame, l3, place, false);
    return XDP_PASS;
}

/* What most of a flood is comes first, in as few instructions as can be: while a core waits for an entry to come from
 * memory it works ahead, and how far decides how long the next frame takes. */
SEC("xdp.frags")
int scrub(struct xdp_md *frame)
{
    void *start = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
    struct iphdr *ip = start + sizeof(struct ethhdr);
    if ((void *)(ip + 1) + sizeof(struct udphdr) > end ||
        *(__be16 *)(start + offsetof(struct ethhdr, h_proto)) != bpf_htons(ETH_P_IP))
        return scrub_others(frame);
    return scrub4(frame, ip, sizeof(struct ethhdr), true);
}

char _license[] SEC("license") = "GPL"; /* some helpers are lent to no other */
