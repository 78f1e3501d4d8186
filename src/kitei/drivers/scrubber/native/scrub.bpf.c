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
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "cookie.h"

#define INLINE static __always_inline
#define VLANS 2
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
    __u32 bytes;
    __u32 room; /* from l4 to the end of the IP packet */
    __u8 protocol;
    __u8 fragment;
    bool is_bent;  /* it contradicts itself */
    bool is_plain; /* no options or extension headers */
};

/* Where `l3` is in the frame. */
INLINE __u32 place_of(struct xdp_md *frame, const void *l3)
{
    __u64 before = l3 - (void *)(long)frame->data;
    asm volatile("" : "+r"(before)); /* or clang subtracts in an order that no verifier takes */
    return before;
}

/* All of the frame behind what stands before `l3`, whether it lies in one piece or not. */
INLINE __u32 length_from(struct xdp_md *frame, const void *l3)
{
    return bpf_xdp_get_buff_len(frame) - place_of(frame, l3);
}

/* Put the beginning of a packet aside, as evidence; nothing where the queue is full. Not inline: it has a stack of
 * its own, and is seldom called. */
static __attribute__((noinline)) int keep_head(struct xdp_md *frame, __u32 from, __u32 contract, __u32 reason,
                                               __u32 bytes)
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
INLINE int count(struct xdp_md *frame, const void *l3, const struct policy *policy, __u32 reason, __u32 bytes,
                 int verdict)
{
    __u32 at = policy->contract * REASONS + reason;
    struct tally *tally = bpf_map_lookup_elem(&tallies, &at);
    if (tally) {
        if (!(tally->packets & (ONE_OF - 1)))
            keep_head(frame, place_of(frame, l3), policy->contract, reason, bytes);
        tally->packets++;
        tally->bytes += bytes;
    }
    return verdict;
}

/* ---- reading ---------------------------------------------------------------------------------- */

INLINE void read4(struct xdp_md *frame, struct packet *packet, const struct iphdr *ip)
{
    __u32 header = ip->ihl * 4, total = bpf_ntohs(ip->tot_len), place = bpf_ntohs(ip->frag_off);
    bool is_there = (void *)ip + total <= packet->end || total <= length_from(frame, ip);
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

/* How packets to an address are cleaned; nothing where it is not protected. The maps and `key` are its family's. */
INLINE const struct policy *policy_of(void *recent, void *trie, const void *key, __u64 first, __u64 second, __u32 low)
{
    __u32 zero = 0, at = low & (RECENT - 1);
    const volatile __u64 *counted = bpf_map_lookup_elem(&changes, &zero);
    struct recent *known = bpf_map_lookup_elem(recent, &at);
    if (!counted || !known)
        return 0;
    __u64 now = *counted; /* before the trie is read */
    if (known->changes == now && known->address[0] == first && known->address[1] == second)
        return &known->policy;
    const struct policy *policy = bpf_map_lookup_elem(trie, key);
    if (!policy)
        return 0;
    known->changes = now;
    known->address[0] = first;
    known->address[1] = second;
    known->policy = *policy;
    return &known->policy;
}

/* ---- judging ---------------------------------------------------------------------------------- */

enum listed { DENIED_THERE, ALLOWED_THERE, NOT_LISTED };

/* What an entry says. Where no single address is allowed, that it is there says all, and its value, which lies on a
 * cache line of its own, is not read. */
INLINE enum listed host_says(const struct policy *policy, const __u32 *found)
{
    return policy->flags & ALLOWS_HOSTS && *found ? ALLOWED_THERE : DENIED_THERE;
}

/* What the lists say of the source. A single address is more specific than any prefix. */
INLINE enum listed listed4_of(const struct policy *policy, const struct iphdr *ip)
{
    if (policy->flags & HOSTS) {
        struct host4 host = {.list = policy->list};
        __builtin_memcpy(host.address, &ip->saddr, 4);
        const __u32 *found = bpf_map_lookup_elem(&hosts4, &host);
        if (found)
            return host_says(policy, found);
    }
    if (!(policy->flags & LISTS))
        return NOT_LISTED;
    struct listed4 key = {.bits = 32 + 32, .list = policy->list};
    __builtin_memcpy(key.address, &ip->saddr, 4);
    const __u32 *found = bpf_map_lookup_elem(&listed4, &key);
    return !found ? NOT_LISTED : *found ? ALLOWED_THERE : DENIED_THERE;
}

INLINE enum listed listed6_of(const struct policy *policy, const struct ipv6hdr *ip)
{
    if (policy->flags & HOSTS) {
        struct host6 host = {.list = policy->list};
        __builtin_memcpy(host.address, &ip->saddr, 16);
        const __u32 *found = bpf_map_lookup_elem(&hosts6, &host);
        if (found)
            return host_says(policy, found);
    }
    if (!(policy->flags & LISTS))
        return NOT_LISTED;
    struct listed6 key = {.bits = 32 + 128, .list = policy->list};
    __builtin_memcpy(key.address, &ip->saddr, 16);
    const __u32 *found = bpf_map_lookup_elem(&listed6, &key);
    return !found ? NOT_LISTED : *found ? ALLOWED_THERE : DENIED_THERE;
}

INLINE bool is_amplified(const struct policy *policy, const struct packet *packet)
{
    const struct udphdr *udp = packet->l4;
    if (!(policy->flags & REFLECTORS) || packet->protocol != IPPROTO_UDP || !udp ||
        (void *)(udp + 1) > packet->end)
        return false;
    __u32 list = policy->list;
    __u16 port = bpf_ntohs(udp->source);
    const struct ports *ports = bpf_map_lookup_elem(&reflectors, &list);
    return ports && ports->bits[port >> 3] >> (port & 7) & 1;
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
INLINE int clean(struct xdp_md *frame, const struct packet *packet, const struct policy *policy, bool is_allowed,
                 bool is_v6)
{
    if (is_allowed)
        goto ceiling;
    if (is_malformed(packet))
        return count(frame, packet->l3, policy, MALFORMED, packet->bytes, XDP_DROP);
    if (packet->fragment != WHOLE && policy->flags & NO_FRAGMENTS)
        return count(frame, packet->l3, policy, FRAGMENT, packet->bytes, XDP_DROP);
    if (is_amplified(policy, packet))
        return count(frame, packet->l3, policy, AMPLIFIED, packet->bytes, XDP_DROP);
    if (policy->flags & SYN_PROOF && packet->protocol == IPPROTO_TCP && packet->l4) {
        struct tcphdr *tcp = packet->l4;
        __u32 zero = 0;
        const struct settings *set = bpf_map_lookup_elem(&settings, &zero);
        if (!set || (void *)(tcp + 1) > packet->end)
            return count(frame, packet->l3, policy, MALFORMED, packet->bytes, XDP_DROP);
        if (tcp->syn && !tcp->ack && !is_proven(packet)) {
            count(frame, packet->l3, policy, UNPROVEN, packet->bytes, XDP_DROP); /* before it becomes the answer */
            return packet->is_plain ? challenge(frame, set, packet->l3, is_v6, tcp) : XDP_DROP;
        }
        if (tcp->rst && !is_proven(packet) && is_answer(set, packet, tcp, is_v6)) {
            __u64 until = bpf_ktime_get_ns() + set->trust_ns;
            bpf_map_update_elem(&proven, &packet->source, &until, BPF_ANY);
            return count(frame, packet->l3, policy, ANSWER, packet->bytes, XDP_DROP);
        }
    }
    if (policy->source_cost) {
        struct sender key = {.source = packet->source, .contract = policy->contract};
        if (is_early(&senders, &key, policy->source_cost, SECOND))
            return count(frame, packet->l3, policy, SOURCE, packet->bytes, XDP_DROP);
    }
ceiling:
    if (is_over_ceiling(policy, packet))
        return count(frame, packet->l3, policy, CEILING, packet->bytes, XDP_DROP);
    return count(frame, packet->l3, policy, PASSED, packet->bytes, XDP_PASS);
}

INLINE int scrub4(struct xdp_md *frame, struct iphdr *ip, void *end)
{
    struct prefix4 key = {.bits = 32};
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    __builtin_memcpy(key.address, &ip->daddr, 4);
    const struct policy *policy = policy_of(&recent4, &protected4, &key, ip->daddr, 0, bpf_ntohl(ip->daddr));
    if (!policy)
        return XDP_PASS;
    enum listed listed = listed4_of(policy, ip);
    if (listed == DENIED_THERE)
        return count(frame, ip, policy, DENIED, bpf_ntohs(ip->tot_len), XDP_DROP);
    struct packet packet = {.end = end, .l3 = ip, .source = 0xffffULL << 32 | bpf_ntohl(ip->saddr)};
    read4(frame, &packet, ip);
    return clean(frame, &packet, policy, listed == ALLOWED_THERE, false);
}

INLINE int scrub6(struct xdp_md *frame, struct ipv6hdr *ip, void *end)
{
    struct prefix6 key = {.bits = 128};
    if ((void *)(ip + 1) > end)
        return XDP_PASS;
    __builtin_memcpy(key.address, &ip->daddr, 16);
    __u64 address[2];
    __builtin_memcpy(address, &ip->daddr, 16);
    const struct policy *policy =
        policy_of(&recent6, &protected6, &key, address[0], address[1], bpf_ntohl(ip->daddr.s6_addr32[3]));
    if (!policy)
        return XDP_PASS;
    enum listed listed = listed6_of(policy, ip);
    if (listed == DENIED_THERE)
        return count(frame, ip, policy, DENIED, sizeof(*ip) + bpf_ntohs(ip->payload_len), XDP_DROP);
    struct packet packet = {.end = end, .l3 = ip};
    __builtin_memcpy(&packet.source, &ip->saddr, 8);
    packet.source = bpf_be64_to_cpu(packet.source);
    read6(&packet, ip, length_from(frame, ip));
    return clean(frame, &packet, policy, listed == ALLOWED_THERE, true);
}

SEC("xdp.frags")
int scrub(struct xdp_md *frame)
{
    void *start = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
    struct ethhdr *ethernet = start;
    if ((void *)(ethernet + 1) > end)
        return XDP_PASS;
    __be16 type = ethernet->h_proto;
    void *l3 = ethernet + 1;
#pragma unroll
    for (int i = 0; i < VLANS; i++) {
        struct vlan *vlan = l3;
        if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
            break;
        if ((void *)(vlan + 1) > end)
            return XDP_PASS;
        type = vlan->inner;
        l3 = vlan + 1;
    }
    if (type == bpf_htons(ETH_P_IP))
        return scrub4(frame, l3, end);
    if (type == bpf_htons(ETH_P_IPV6))
        return scrub6(frame, l3, end);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL"; /* some helpers are lent to no other */
