/* The challenge to a source, and what proves it.
 *
 * A SYN is answered by a SYN-ACK that acknowledges less than it should. Whoever sent the SYN must answer that with
 * a RST whose sequence number is the one acknowledged, and go on trying (RFC 9293, 3.10.7.3, SYN-SENT); Linux
 * sends its SYN again at once, others after their second. Whoever forged it never sees the challenge. So no
 * connection is broken by the proof, none passes through us, and nothing is remembered of those who do not answer.
 *
 * The low 16 bits of what is acknowledged are the cookie: the number stays within 64 KiB below the SYN's own, or
 * NAT on the way would take the challenge for no part of the connection.
 */
#define EPOCH 36 /* a cookie is good for 69 to 137 s */

struct endpoints {
    __u64 words[5];
};

static __always_inline struct endpoints endpoints_of(const void *l3, bool is_v6, const struct tcphdr *tcp)
{
    struct endpoints ends = {};
    if (is_v6)
        __builtin_memcpy(ends.words, &((const struct ipv6hdr *)l3)->saddr, 32);
    else
        __builtin_memcpy(ends.words, &((const struct iphdr *)l3)->saddr, 8);
    ends.words[4] = (__u64)tcp->source << 16 | tcp->dest;
    return ends;
}

#define TURN(x, by) ((x) << (by) | (x) >> (64 - (by)))
#define ROUND                                                      \
    do {                                                           \
        a += b, b = TURN(b, 13), b ^= a, a = TURN(a, 32);          \
        c += d, d = TURN(d, 16), d ^= c;                           \
        a += d, d = TURN(d, 21), d ^= a;                           \
        c += b, b = TURN(b, 17), b ^= c, c = TURN(c, 32);          \
    } while (0)

/* SipHash-1-3 of the endpoints and the epoch, 16 bits of it. */
static __noinline __u16 cookie(const __u64 *secret, const struct endpoints *ends, __u64 epoch)
{
    if (!secret || !ends)
        return 0;
    __u64 a = secret[0] ^ 0x736f6d6570736575ULL, b = secret[1] ^ 0x646f72616e646f6dULL;
    __u64 c = secret[0] ^ 0x6c7967656e657261ULL, d = secret[1] ^ 0x7465646279746573ULL;
#pragma unroll
    for (int i = 0; i < 5; i++) {
        d ^= ends->words[i];
        ROUND;
        a ^= ends->words[i];
    }
    d ^= epoch;
    ROUND;
    a ^= epoch;
    c ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    return (__u16)(a ^ b ^ c ^ d);
}

static __always_inline __u16 folded(__u64 sum)
{
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (__u16)~sum;
}

/* Turn a SYN into its challenge, without its options and data: never longer than what came. */
static __always_inline int challenge(struct xdp_md *frame, const struct settings *set, void *l3, bool is_v6,
                                     struct tcphdr *tcp)
{
    struct ethhdr *ethernet = (void *)(long)frame->data;
    if ((void *)(ethernet + 1) > (void *)(long)frame->data_end)
        return XDP_DROP;
    struct endpoints ends = endpoints_of(l3, is_v6, tcp);
    __u32 sent = bpf_ntohl(tcp->seq);
    __u32 told = (sent & 0xffff0000) | cookie(set->secret, &ends, bpf_ktime_get_ns() >> EPOCH);
    if (told > sent)
        told -= 0x10000;

    __u8 mac[ETH_ALEN];
    __builtin_memcpy(mac, ethernet->h_source, ETH_ALEN);
    __builtin_memcpy(ethernet->h_source, ethernet->h_dest, ETH_ALEN);
    __builtin_memcpy(ethernet->h_dest, mac, ETH_ALEN);

    __be16 port = tcp->source;
    tcp->source = tcp->dest;
    tcp->dest = port;
    tcp->ack_seq = bpf_htonl(told);
    tcp->seq = bpf_htonl(bpf_get_prandom_u32());
    ((__u8 *)tcp)[12] = sizeof(*tcp) / 4 << 4;
    ((__u8 *)tcp)[13] = 0x12; /* SYN, ACK */
    tcp->window = 0;
    tcp->urg_ptr = 0;
    tcp->check = 0;
    __u64 sum = bpf_csum_diff(0, 0, (void *)tcp, sizeof(*tcp), 0) + bpf_htons(sizeof(*tcp)) + bpf_htons(IPPROTO_TCP);
    __u32 length;
    if (is_v6) {
        struct ipv6hdr *ip = l3;
        struct in6_addr from = ip->saddr;
        ip->saddr = ip->daddr;
        ip->daddr = from;
        ip->payload_len = bpf_htons(sizeof(*tcp));
        ip->hop_limit = 64;
        sum += bpf_csum_diff(0, 0, (void *)&ip->saddr, 32, 0);
        length = sizeof(*ip) + sizeof(*tcp);
    } else {
        struct iphdr *ip = l3;
        __be32 from = ip->saddr;
        ip->saddr = ip->daddr;
        ip->daddr = from;
        ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
        ip->id = 0;
        ip->frag_off = bpf_htons(0x4000);
        ip->ttl = 64;
        ip->check = 0;
        ip->check = folded(bpf_csum_diff(0, 0, (void *)ip, sizeof(*ip), 0));
        sum += bpf_csum_diff(0, 0, (void *)&ip->saddr, 8, 0);
        length = sizeof(*ip) + sizeof(*tcp);
    }
    tcp->check = folded(sum);
    length += l3 - (void *)ethernet;
    long more = (long)bpf_xdp_get_buff_len(frame) - length;
    if (more > 0 && bpf_xdp_adjust_tail(frame, -more))
        return XDP_DROP;
    return set->is_veth ? bpf_redirect(frame->ingress_ifindex, 0) : XDP_TX;
}
