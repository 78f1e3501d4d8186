/* The least that can be done with lists: read the packet, look its source up among hosts and prefixes, count, drop. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1 << 19);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32);
    __type(value, __u32);
} hosts SEC(".maps");

struct prefix {
    __u32 bits;
    __u8 address[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 1 << 19);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct prefix);
    __type(value, __u32);
} prefixes SEC(".maps");

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
    __u32 host = ip->saddr;
    struct prefix key = {.bits = 32};
    __builtin_memcpy(key.address, &ip->saddr, 4);
    __u32 is_listed = bpf_map_lookup_elem(&hosts, &host) || bpf_map_lookup_elem(&prefixes, &key);
    __u64 *count = bpf_map_lookup_elem(&counts, &is_listed);
    if (count)
        *count += 1;
    return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
