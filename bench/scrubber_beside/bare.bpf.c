/* The least that can be done with lists: read the packet, look its source up among hosts and prefixes, count, drop.
 * The maps are the scrubber's own, so that both find the same entries in the same places. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define LIST 1 /* the first of a new scrubber */

struct host {
    __u32 list;
    __u8 address[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1 << 19);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct host);
    __type(value, __u32);
} hosts4 SEC(".maps");

struct prefix {
    __u32 bits;
    __u32 list;
    __u8 address[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 1 << 19);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct prefix);
    __type(value, __u32);
} listed4 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, __u64);
} counts SEC(".maps");

SEC("xdp.frags")
int bare(struct xdp_md *frame)
{
    void *start = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
    struct ethhdr *ethernet = start;
    struct iphdr *ip = (void *)(ethernet + 1);
    if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    struct host host = {.list = LIST};
    struct prefix key = {.bits = 32 + 32, .list = LIST};
    __builtin_memcpy(host.address, &ip->saddr, 4);
    __builtin_memcpy(key.address, &ip->saddr, 4);
    __u32 is_listed = bpf_map_lookup_elem(&hosts4, &host) || bpf_map_lookup_elem(&listed4, &key);
    __u64 *count = bpf_map_lookup_elem(&counts, &is_listed);
    if (count)
        *count += 1;
    return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
