/* What the program and the agent share: the maps, and the layout of what is in them.
 *
 * `layout.py` has the same structures; the maps' sizes are compared when they are opened. Numbers are in the
 * machine's byte order unless a name says `be`.
 */
#define PREFIXES 4096   /* under protection, each family */
#define LISTS_MOST 2048
#define CONTRACTS 1024
#define LISTED (1 << 19) /* addresses, and prefixes, of all lists together, each family */
#define SOURCES (1 << 18)
#define NAME 64
#define NEAR_BITS 4
#define NEAR (1 << NEAR_BITS) /* places of ports in a policy; twelve ports find each its own */
#define HEADS 512    /* kept until somebody takes them; a full queue keeps the first */
#define HEAD 128     /* bytes of each, from the IP header on */
#define ONE_OF 256   /* packets, a power of two: for each contract, reason and core the first, and then one of so many */

enum reason {
    PASSED,     /* clean */
    DENIED,     /* from a denied address */
    FRAGMENT,   /* fragments are not wanted here */
    MALFORMED,  /* lengths, headers or TCP flags that no sender means */
    AMPLIFIED,  /* UDP from a port that reflectors answer from */
    UNPROVEN,   /* a SYN whose source has not answered a challenge yet */
    ANSWER,     /* the answer to a challenge; it has done its work */
    SOURCE,     /* more than its source may send */
    CEILING,    /* over the contract's clean rate */
    REASONS = 16, /* with some to spare: a power of two */
};

enum policy_flag { LISTS = 1, SYN_PROOF = 2, NO_FRAGMENTS = 4, REFLECTORS = 8, HOSTS = 16, ALLOWS_HOSTS = 32 };

/* How one prefix is cleaned. `list` is where its allowed, denied and reflecting are: filled before a policy points
 * there, and never changed afterwards. `hosts`, `prefixes` and `allows_hosts` say again what flags do, to be quick. */
struct policy {
    __u32 tallies; /* bytes from a core's first to this contract's */
    __u32 list;
    __u32 hosts;    /* the same list, or 0 where it has no single addresses */
    __u32 prefixes; /* the same list, or 0 where single addresses are all it has */
    __u32 contract;
    __u16 flags;
    __u16 allows_hosts;
    __u64 source_cost; /* ns that a packet takes of its source's time; 0: no limit */
    __be16 ports[NEAR]; /* of reflectors, each at the place that its number times `factor` begins with */
    __u32 factor;       /* 0: there are too many for that */
    __u32 pad;
};

/* The policy that a destination had a moment ago: to look there takes a fraction of what the trie takes. Good as long
 * as `changes` is what it was. */
#define RECENT 1024 /* a power of two */

struct recent4 {
    struct policy policy;
    __u64 changes;
    __be32 address;
    __u32 pad;
};

struct recent6 {
    struct policy policy;
    __u64 changes;
    __u64 address[2];
};

/* One bit a UDP port. */
struct ports {
    __u8 bits[65536 / 8];
};

struct list {
    __u8 digest[16]; /* zeros: free; all ones: being filled or emptied */
};

/* A bucket is the instant until which its time is spoken for (a virtual schedule, ITU-T I.371): a packet that
 * comes when that lies more than the burst ahead is too many. Ceiling times are in 1/256 ns. */
struct contract {
    char name[NAME];
    __u64 cost;  /* (1/256 ns) / 65536 that a byte takes; 0: no ceiling */
    __u64 burst; /* 1/256 ns */
    __u64 busy;
};

struct prefix4 {
    __u32 bits;
    __u8 address[4];
};

struct prefix6 {
    __u32 bits;
    __u8 address[16];
};

struct listed4 {
    __u32 bits; /* 32 for the list, and the address's */
    __u32 list;
    __u8 address[4];
};

struct listed6 {
    __u32 bits;
    __u32 list;
    __u8 address[16];
};

/* Single addresses are most of what is listed, and a hash finds one several times faster than a trie. */
struct host4 {
    __u32 list;
    __u8 address[4];
};

struct host6 {
    __u32 list;
    __u8 address[16];
};

/* A source is an IPv4 address, or the /64 that an IPv6 host has to itself. */
struct sender {
    __u64 source;
    __u32 contract;
    __u32 pad;
};

struct tally {
    __u64 packets;
    __u64 bytes; /* of IP, without the frame's own header */
};

struct settings {
    __u64 secret[2];   /* of the cookies */
    __u64 trust_ns;    /* how long a proven source is believed */
    __u64 guess_cost;  /* ns that a wrong answer takes of its source's time */
    __u64 guess_burst; /* ns */
    __u64 is_veth;     /* of the port: veth forgets to deliver what XDP_TX sends back, but not what is redirected */
    __u8 made[16];     /* digest of the sources of this program */
};

/* The beginning of a packet, as it came. */
struct head {
    __u64 at; /* ns of the machine's uptime */
    __u32 contract;
    __u32 reason;
    __u32 bytes; /* of the IP packet, as it says */
    __u32 kept;
    __u8 start[HEAD];
};

#define MAP(name, kind, count, flags, key_type, value_type) \
    struct {                                                \
        __uint(type, kind);                                 \
        __uint(max_entries, count);                         \
        __uint(map_flags, flags);                           \
        __type(key, key_type);                              \
        __type(value, value_type);                          \
    } name SEC(".maps")

MAP(settings, BPF_MAP_TYPE_ARRAY, 1, 0, __u32, struct settings);
MAP(protected4, BPF_MAP_TYPE_LPM_TRIE, PREFIXES, BPF_F_NO_PREALLOC, struct prefix4, struct policy);
MAP(protected6, BPF_MAP_TYPE_LPM_TRIE, PREFIXES, BPF_F_NO_PREALLOC, struct prefix6, struct policy);
MAP(lists, BPF_MAP_TYPE_ARRAY, LISTS_MOST, 0, __u32, struct list);
MAP(contracts, BPF_MAP_TYPE_ARRAY, CONTRACTS, 0, __u32, struct contract);
MAP(listed4, BPF_MAP_TYPE_LPM_TRIE, LISTED, BPF_F_NO_PREALLOC, struct listed4, __u32); /* 1: allowed, 0: denied */
MAP(listed6, BPF_MAP_TYPE_LPM_TRIE, LISTED, BPF_F_NO_PREALLOC, struct listed6, __u32);
MAP(hosts4, BPF_MAP_TYPE_HASH, LISTED, BPF_F_NO_PREALLOC, struct host4, __u32); /* the same */
MAP(hosts6, BPF_MAP_TYPE_HASH, LISTED, BPF_F_NO_PREALLOC, struct host6, __u32);
MAP(senders, BPF_MAP_TYPE_LRU_HASH, SOURCES, 0, struct sender, __u64);
MAP(guesses, BPF_MAP_TYPE_LRU_HASH, 65536, 0, __u64, __u64);
MAP(proven, BPF_MAP_TYPE_LRU_HASH, SOURCES, 0, __u64, __u64); /* until when, ns of the machine's uptime */

struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, HEADS);
    __uint(key_size, 0);
    __uint(value_size, sizeof(struct head));
} heads SEC(".maps");

/* What a core has to itself, so that nothing is read half written or counted twice. */
struct core {
    struct recent4 recent4[RECENT];
    struct recent6 recent6[RECENT];
    struct tally tallies[CONTRACTS][REASONS];
};

/* Global data: a frame is dropped out of it without a call. CORES, a power of two, is the compiler's to be told. */
struct memory {
    struct core cores[CORES];
    struct ports reflectors[LISTS_MOST]; /* by list */
} memory;
volatile __u64 changes SEC(".data.changes"); /* of what is protected; counted after each */
