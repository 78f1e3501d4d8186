/* Sends frames out of an interface as fast as the core can (live frames), each from another of many sources. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SOURCE 26 /* where IPv4 has it behind Ethernet */
#define FRAME 64

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1 << 17);
    __type(key, __u32);
    __type(value, __u32);
} sources SEC(".maps");

struct plan {
    __u32 interface;
    __u32 count; /* of sources, 0: each packet from a forged address of its own */
    __u8 frame[FRAME]; /* written anew each time: what was sent may come back changed, in the same memory */
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct plan);
} plans SEC(".maps");

SEC("xdp")
int feed(struct xdp_md *frame)
{
    __u32 zero = 0, any = bpf_get_prandom_u32();
    void *start = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
    struct plan *plan = bpf_map_lookup_elem(&plans, &zero);
    if (!plan || start + FRAME > end)
        return XDP_ABORTED;
    if (plan->count) {
        __u32 at = any % plan->count, *source = bpf_map_lookup_elem(&sources, &at);
        any = source ? *source : 0;
    }
    __builtin_memcpy(start, plan->frame, FRAME);
    *(__u16 *)(start + SOURCE) = any >> 16;
    *(__u16 *)(start + SOURCE + 2) = any;
    return bpf_redirect(plan->interface, 0);
}

char _license[] SEC("license") = "GPL";
