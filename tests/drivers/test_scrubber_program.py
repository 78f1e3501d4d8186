"""The XDP program's word on single frames: each check, in its order, both families, with and without VLANs."""

import os
import random
import struct
from datetime import UTC, datetime
from ipaddress import ip_network
from socket import htons

import pytest
from scrub_frames import ACK, BACK, DROP, FIN, PASS, RST, SYN, checksum, ethernet, ip, tcp, tried, udp

from kitei.drivers.scrubber import layout, tables
from kitei.drivers.scrubber.bpf import libbpf, loaded
from kitei.drivers.scrubber.heads import heads_of
from kitei.drivers.scrubber.program import built, cores, digest
from kitei.drivers.scrubber.tallies import tallies_of
from kitei.drivers.scrubber.wanted import wanted_of
from kitei.network import Origin
from kitei.network.ddos import Scrubber, Scrubbing

pytestmark = pytest.mark.lab

FOR = Origin("acme", ("ddos-protection@2024-04-01#art:4",))
HOME = {4: "203.0.113.0/24", 6: "2001:db8:5::/48"}
HERE = {4: "203.0.113.9", 6: "2001:db8:5::9"}
ELSE = {4: "203.0.114.9", 6: "2001:db8:6::9"}
THERE = {4: "198.51.100.7", 6: "2001:db8:77::7"}
DENIED = {4: "192.0.2.66", 6: "2001:db8:66::1"}
ALLOWED = {4: "192.0.2.10", 6: "2001:db8:10::1"}
SECRET = bytes(range(16))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def part(prefix: str, **more) -> Scrubbing:
    told = {
        "clean_bps": 0,
        "source_pps": 0,
        "syn_proof": False,
        "reflectors": (53, 123),
        "fragments": "drop",
        "allow": ("192.0.2.10/32", "2001:db8:10::/48"),
        "deny": ("192.0.2.0/25", "192.0.2.64/26", "2001:db8:66::/48"),
        "until": None,
    }
    return Scrubbing(FOR, "acme", prefix, **(told | more))


@pytest.fixture
def program():
    if os.geteuid() != 0:
        pytest.skip("XDP programs need root")
    with loaded(built(), "scrub") as program:
        yield program


def fill(program, *parts: Scrubbing) -> None:
    asked = wanted_of((Scrubber(FOR, "dirty", "xdp"), *parts), NOW)
    assert asked is not None
    tables.fill(
        program,
        layout.settings(SECRET, digest(), is_veth=False),
        asked.ceilings,
        asked.lists,
        asked.cleanings,
    )


def reasons(program) -> dict[str, int]:
    (tally,) = tallies_of(program)
    return {"passed": tally.passed.packets} | {r: c.packets for r, c in tally.dropped.items() if c.packets}


both = pytest.mark.parametrize("v", [4, 6], ids=["ipv4", "ipv6"])
tagged = pytest.mark.parametrize("tags", [(), (7,), (7, 8)], ids=["plain", "vlan", "q-in-q"])


@both
@tagged
def test_each_check_drops_what_it_is_for_and_counts_it(program, v, tags) -> None:
    fill(program, part(HOME[v], deny=("192.0.2.64/26", "2001:db8:66::/48")))

    def verdict(packet: bytes) -> int:
        return tried(program, ethernet(packet, *tags))[0]

    assert verdict(udp(DENIED[v], HERE[v], 5000)) == DROP
    assert verdict(udp(ALLOWED[v], HERE[v], 53)) == PASS, "who is allowed is not asked further"
    assert verdict(udp(THERE[v], HERE[v], 53)) == DROP
    assert verdict(udp(THERE[v], HERE[v], 5000, 53)) == PASS, "it is the port it comes from that counts"
    assert verdict(ip(THERE[v], HERE[v], 17, bytes(64), more=True)) == DROP
    assert verdict(ip(THERE[v], HERE[v], 17, bytes(64), offset=3)) == DROP
    assert verdict(tcp(THERE[v], HERE[v], SYN | FIN)) == DROP
    assert verdict(tcp(THERE[v], HERE[v], 0)) == DROP
    assert verdict(tcp(THERE[v], HERE[v], SYN)) == PASS
    assert verdict(udp(DENIED[v], ELSE[v], 53)) == PASS, "another's traffic is not touched"
    assert reasons(program) == {"passed": 3, "denied": 1, "amplified": 1, "fragment": 2, "malformed": 2}


@both
def test_denied_goes_before_allowed_and_the_most_specific_of_a_list_does_not_matter(program, v) -> None:
    fill(program, part(HOME[v], deny=("192.0.2.0/24", "2001:db8::/33"), allow=(f"{ALLOWED[v]}",)))
    assert tried(program, ethernet(udp(ALLOWED[v], HERE[v], 5000)))[0] == DROP


@pytest.mark.parametrize("denied", ["20.0.0.0/6", "21.7.0.0/16", "21.7.9.0/24", "21.7.9.1/32", "0.0.0.0/0"])
def test_a_listed_prefix_is_found_whatever_its_length_and_nothing_beside_it(program, denied) -> None:
    fill(program, part(HOME[4], deny=(denied,), allow=()))
    first, last = ip_network(denied)[0], ip_network(denied)[-1]
    sources = {first, last, first - 1 if int(first) else last, last + 1 if denied != "0.0.0.0/0" else first}
    for source in sources:
        verdict = tried(program, ethernet(udp(str(source), HERE[4], 5000)))[0]
        assert verdict == (DROP if source in ip_network(denied) else PASS), source


@both
def test_the_most_specific_prefix_decides(program, v) -> None:
    host = f"{HERE[v]}/{32 if v == 4 else 128}"
    fill(program, part(HOME[v]), part(host, reflectors=(), fragments="pass"))
    assert tried(program, ethernet(udp(THERE[v], HERE[v], 53)))[0] == PASS
    assert tried(program, ethernet(udp(THERE[v], HERE[v][:-1] + "8", 53)))[0] == DROP


@both
def test_the_first_fragment_shows_its_port_and_later_ones_pass_where_fragments_do(program, v) -> None:
    fill(program, part(HOME[v], fragments="pass"))
    ports = struct.pack(">HHHH", 53, 9, 2000, 0) + bytes(56)
    assert tried(program, ethernet(ip(THERE[v], HERE[v], 17, ports, more=True)))[0] == DROP
    assert tried(program, ethernet(ip(THERE[v], HERE[v], 17, ports, offset=185)))[0] == PASS
    assert reasons(program) == {"passed": 1, "amplified": 1}


def test_packets_that_contradict_themselves_are_dropped(program) -> None:
    fill(program, part(HOME[4]), part(HOME[6]))
    good = udp(THERE[4], HERE[4], 5000)
    for bent in (
        b"\x41" + good[1:],  # a header of four bytes
        good[:2] + struct.pack(">H", 4000) + good[4:],  # longer than the frame
        good[:2] + struct.pack(">H", 12) + good[4:],  # shorter than its header
        udp(HERE[4], HERE[4], 5000),  # from itself
        ip(THERE[4], HERE[4], 6, tcp(THERE[4], HERE[4], ACK)[20:36]),  # a TCP header that ends in the padding
        ip(THERE[4], HERE[4], 17, struct.pack(">HHHH", 5000, 9, 400, 0)),  # UDP longer than its packet
    ):
        frame = ethernet(bent)
        assert tried(program, frame)[0] == DROP, bent.hex()
    chain = b"".join(bytes([60, 0, 1, 4, 0, 0, 0, 0]) for _ in range(12))
    assert tried(program, ethernet(ip(THERE[6], HERE[6], 60, chain)))[0] == DROP, "headers without end"
    assert reasons(program) == {"passed": 0, "malformed": 7}


@both
def test_extension_headers_hide_nothing(program, v) -> None:
    fill(program, part(HOME[v], fragments="pass"))
    ports = struct.pack(">HHHH", 123, 9, 16, 0) + bytes(8)
    if v == 6:
        options = bytes([60, 0, 1, 4, 0, 0, 0, 0]) + bytes([17, 0, 1, 4, 0, 0, 0, 0])
        packet = ip(THERE[6], HERE[6], 0, options + ports)
    else:
        plain = ip(THERE[4], HERE[4], 17, b"\x01\x01\x01\0" + ports)
        packet = b"\x46" + plain[1:]
    assert tried(program, ethernet(packet))[0] == DROP
    assert reasons(program) == {"passed": 0, "amplified": 1}


@both
@pytest.mark.parametrize("seq", [0, 5, 0x10000, 0x12345678, 0xFFFFFFFF])
def test_a_challenge_is_a_sound_packet_that_no_syn_sender_may_accept(program, v, seq) -> None:
    fill(program, part(HOME[v], syn_proof=True))
    asked = ethernet(tcp(THERE[v], HERE[v], SYN, 40001, 80, seq) + bytes(200), 7)
    verdict, back = tried(program, asked)
    assert verdict == BACK
    assert (back[:6], back[6:12], back[12:18]) == (asked[6:12], asked[:6], asked[12:18])
    packet, size = back[18:], 20 if v == 4 else 40
    assert len(packet) == size + 20, "an answer is never longer than what was asked"
    if v == 4:
        assert checksum(packet[:20]) == 0
    ends = packet[12:20] if v == 4 else packet[8:40]
    assert checksum(ends + struct.pack(">II", 20, 6) + packet[size:]) == 0
    sport, dport, _, ack, _, flags, window = struct.unpack(">HHIIBBH", packet[size : size + 16])
    assert (sport, dport, flags, window) == (80, 40001, SYN | ACK, 0)
    assert (seq - ack) % 2**32 < 0x10000, "it must look like a late part of the connection to NAT on the way"


@both
def test_who_answers_is_proven_and_who_guesses_is_not(program, v) -> None:
    fill(program, part(HOME[v], syn_proof=True))
    syn = ethernet(tcp(THERE[v], HERE[v], SYN, 40001, 80, 1000))
    _, back = tried(program, syn)
    packet = back[14 + (20 if v == 4 else 40) :]
    ack = struct.unpack(">I", packet[8:12])[0]
    for guess in range(1, 5):
        wrong = ethernet(tcp(THERE[v], HERE[v], RST, 40001, 80, (ack + guess * 4099) % 2**32))
        assert tried(program, wrong)[0] == PASS, "any other RST may be of a connection that there is"
    assert tried(program, syn)[0] == BACK
    assert tried(program, ethernet(tcp(THERE[v], HERE[v], RST, 40001, 80, ack)))[0] == DROP
    assert tried(program, syn)[0] == PASS
    assert reasons(program) == {"passed": 5, "unproven": 2, "answer": 1}


def test_guessing_comes_to_nothing_however_fast(program) -> None:
    """After its eight wrong answers a source's right one is not looked at either, until time has passed."""
    fill(program, part(HOME[4], syn_proof=True))
    _, back = tried(program, ethernet(tcp(THERE[4], HERE[4], SYN, 40001, 80, 1000)))
    ack = struct.unpack(">I", back[42:46])[0]
    for guess in range(1, 30):
        tried(program, ethernet(tcp(THERE[4], HERE[4], RST, 40001, 80, ack ^ guess)))
    assert tried(program, ethernet(tcp(THERE[4], HERE[4], RST, 40001, 80, ack)))[0] == PASS
    assert tried(program, ethernet(tcp(THERE[4], HERE[4], SYN, 40001, 80, 1000)))[0] == BACK


def test_what_belongs_to_a_connection_is_not_asked_for_proof(program) -> None:
    fill(program, part(HOME[4], syn_proof=True))
    assert tried(program, ethernet(tcp(THERE[4], HERE[4], ACK)))[0] == PASS
    assert tried(program, ethernet(tcp(THERE[4], HERE[4], SYN | ACK)))[0] == PASS


@both
def test_a_source_has_its_share_and_no_more(program, v) -> None:
    fill(program, part(HOME[v], source_pps=10))
    other = {4: "198.51.100.8", 6: "2001:db8:78::7"}[v]
    sent = [tried(program, ethernet(udp(THERE[v], HERE[v], 5000)))[0] for _ in range(40)]
    assert 10 <= sent.count(PASS) <= 20, "a second's worth at once, and what time has brought"
    assert tried(program, ethernet(udp(other, HERE[v], 5000)))[0] == PASS
    assert reasons(program)["source"] == sent.count(DROP)


def test_a_neighbour_in_the_same_64_is_the_same_source(program) -> None:
    fill(program, part(HOME[6], source_pps=10))
    sent = [tried(program, ethernet(udp(f"2001:db8:77::{n:x}", HERE[6], 5000)))[0] for n in range(1, 41)]
    assert sent.count(DROP) >= 20


def test_all_prefixes_of_a_contract_share_its_ceiling(program) -> None:
    fill(program, part(HOME[4], clean_bps=8_000_000), part(HOME[6], clean_bps=8_000_000))
    cost, burst = layout.ceiling_of(8_000_000)
    packets = 2 * burst // (cost * 1028 >> 16)
    sent = [
        tried(program, ethernet(udp(THERE[v], HERE[v], 5000, size=1000)))[0]
        for _ in range(packets)
        for v in (4, 6)
    ]
    assert sent.count(DROP) > packets / 2, "both together are over, each alone is not"
    counted = reasons(program)
    assert counted == {"passed": sent.count(PASS), "ceiling": sent.count(DROP)}


@both
@tagged
def test_the_beginning_of_what_is_dropped_is_kept_as_it_came(program, v, tags) -> None:
    fill(program, part(HOME[v], syn_proof=True))
    denied, long = udp(DENIED[v], HERE[v], 5000), udp(THERE[v], HERE[v], 53, size=200)
    syn = tcp(THERE[v], HERE[v], SYN)
    for packet in (denied, long, syn):  # the last is answered with a challenge, made of the same frame
        tried(program, ethernet(packet, *tags))
    kept = {head.reason: head for head in heads_of(program)}
    assert kept["denied"].start == denied[:128]
    assert (kept["amplified"].start, kept["amplified"].size) == (long[:128], len(long))
    assert kept["unproven"].start == syn[:128]
    assert heads_of(program) == (), "what was taken is gone"


def test_of_many_packets_few_are_kept(program) -> None:
    fill(program, part(HOME[4]))
    for _ in range(600):
        tried(program, ethernet(udp(DENIED[4], HERE[4], 5000)))
    kept = len(heads_of(program))
    assert 600 // 256 <= kept <= 600 // 256 + (os.cpu_count() or 1)  # each core counts for itself


def test_a_queue_that_nobody_empties_costs_no_more_than_its_size(program) -> None:
    fill(program, part(HOME[4]))
    queue, value = program.maps["heads"], bytes(layout.SIZES["heads"][1])
    for _ in range(layout.HEADS):
        libbpf().bpf_map_update_elem(queue.handle, None, value, 0)
    assert tried(program, ethernet(udp(DENIED[4], HERE[4], 5000)))[0] == DROP
    assert len(heads_of(program)) == layout.HEADS


@both
def test_a_change_of_what_is_protected_holds_from_the_next_packet_on(program, v) -> None:
    """Each core remembers how a destination was treated, for as long as nothing changed."""
    own = HERE[v] + ("/32" if v == 4 else "/128")
    fill(program, part(HOME[v], reflectors=(53,)))
    reflected, other = ethernet(udp(THERE[v], HERE[v], 53)), ethernet(udp(THERE[v], HERE[v], 123))
    assert [tried(program, each)[0] for each in (reflected, other)] == [DROP, PASS]
    change(program, part(own, reflectors=(123,)))
    assert [tried(program, each)[0] for each in (reflected, other)] == [PASS, DROP]
    tables.take_cleaning(program, own)
    assert [tried(program, each)[0] for each in (reflected, other)] == [DROP, PASS]
    tables.take_cleaning(program, HOME[v])
    assert [tried(program, each)[0] for each in (reflected, other)] == [PASS, PASS]
    counted = reasons(program)
    assert (counted["passed"], counted["amplified"]) == (3, 3)


def test_destinations_that_share_a_place_in_the_memory_of_a_core_are_each_judged_by_their_own_rules(
    program,
) -> None:
    """1,024 are remembered by their last bits, and each of these pushes the others out."""
    homes = [f"203.0.{third}.0/24" for third in range(64)]
    rules = {home: (53,) if n % 2 else (123,) for n, home in enumerate(homes)}
    fill(program, *(part(home, reflectors=ports) for home, ports in rules.items()))
    for _ in range(3):
        for home, ports in rules.items():
            here = home.replace("0/24", "9")
            said = [tried(program, ethernet(udp(THERE[4], here, port)))[0] for port in (53, 123)]
            assert said == [DROP if port in ports else PASS for port in (53, 123)], home
    assert tried(program, ethernet(udp(THERE[4], ELSE[4], 53)))[0] == PASS, (
        "nobody's rules hold for what is not theirs"
    )


@both
def test_a_change_of_rules_holds_for_a_destination_that_is_remembered_from_its_next_packet_on(
    program, v
) -> None:
    """Of every kind: lists of hosts, of prefixes, fragments, sources' rates; and back again, each time at once."""
    host, prefix = f"{THERE[v]}/{32 if v == 4 else 128}", {4: "198.51.100.0/24", 6: "2001:db8:77::/48"}[v]
    plain: dict[str, object] = {"allow": (), "deny": (), "reflectors": (), "fragments": "pass"}
    kinds: list[dict[str, object]] = [
        {"deny": (host,)},
        {"deny": (prefix,)},
        {"reflectors": (53,)},
        {"fragments": "drop"},
        {"deny": (host,), "allow": (f"{ALLOWED[v]}",)},
    ]
    frames = [
        ethernet(udp(THERE[v], HERE[v], 53)),
        ethernet(ip(THERE[v], HERE[v], 17, struct.pack(">HHHH", 9, 9, 72, 0) + bytes(64), more=True)),
    ]
    fill(program, part(HOME[v], **plain))
    for kind in kinds:
        for told, dropped in ((plain, False), (plain | kind, True), (plain, False)):
            change(program, part(HOME[v], **told))
            assert (DROP in [tried(program, frame)[0] for frame in frames]) == dropped, kind


@both
@pytest.mark.parametrize("count", [0, 1, 6, 12, 13, 300])
def test_each_port_is_asked_for_by_its_own_number_however_many_there_are(program, v, count) -> None:
    """Few are told with the rules, and more looked up elsewhere."""
    chance = random.Random(count)
    given = [53, 65535, 0, 0x3500, *chance.sample(range(1000, 65000), 300)][:count]
    fill(program, part(HOME[v], reflectors=tuple(given)))
    ((_, rules),) = program.maps[f"protected{v}"].entries()
    assert bool(struct.unpack("=I4x", rules[-8:])[0]) == (0 < count <= 12)
    near = [
        *range(300),
        *range(65000, 65536),
        *((port + by) % 65536 for port in given for by in (-1, 1, 256)),
    ]
    for port in {*near, *given}:
        verdict = tried(program, ethernet(udp(THERE[v], HERE[v], port)))[0]
        assert verdict == (DROP if port in given else PASS), port


def test_twelve_ports_find_places_of_their_own_and_nobody_else_is_found_there() -> None:
    chance = random.Random(3)
    for _ in range(40):
        ports = chance.sample(range(65536), chance.randint(1, 12))
        *places, factor = layout.scattered(layout.ports_of(ports))
        found = {port for port in range(65536) if places[(port * factor & 0xFFFFFFFF) >> 28] == port}
        assert factor and found == {htons(port) for port in ports}


def test_what_is_seen_at_once_is_what_the_checks_one_by_one_would_say(program) -> None:
    """Datagrams bent at random, against the rules told in Python."""
    fill(program, part(HOME[4], fragments="drop", reflectors=(53,)))
    chance = random.Random(11)
    expected = dict.fromkeys(("passed", "malformed", "fragment", "amplified"), 0)
    for _ in range(2000):
        size, port = chance.choice((0, 1, 12, 40)), chance.choice((53, 53, 80))
        packet = bytearray(udp(THERE[4], HERE[4], port, size=size))
        for at, values in (
            (0, (0x45, 0x45, 0x44, 0x46)),
            (2, (0, 0, 1)),
            (3, (20, 27, 28, 29, 28 + size, 28 + size, 28 + size)),
            (6, (0, 0, 0, 0x20, 0x40, 0x80)),
            (7, (0, 0, 0, 0, 3)),
            (9, (17, 17, 17, 17, 6, 200)),
            (24, (0, 0, 0, 1)),
            (25, (0, 7, 8, 9, 8 + size, 8 + size, 8 + size)),
        ):
            packet[at] = chance.choice(values)
        if chance.random() < 0.05:
            packet[12:16] = packet[16:20]  # from itself
        frame = bytes(14 - 2) + b"\x08\0" + bytes(packet).ljust(chance.choice((len(packet), 46)), b"\0")
        reason = read_by_hand(frame[14:])
        expected[reason] += 1
        assert tried(program, frame)[0] == (PASS if reason == "passed" else DROP), (reason, packet.hex())
    assert min(expected.values()) > 20
    assert reasons(program) == expected


def read_by_hand(packet: bytes) -> str:
    """Why an IPv4 packet is dropped where fragments and port 53 are; the words of docs/scrubber.md."""
    header, total, place, protocol = (packet[0] & 15) * 4, *struct.unpack(">2xHxxH1xB", packet[:10])
    if header < 20 or total < header or total > len(packet) or packet[12:16] == packet[16:20]:
        return "malformed"
    later, first = place & 0x1FFF, place & 0x2000
    body, room = packet[header:], total - header
    if not later and protocol == 6:
        if len(body) < 20 or body[12] >> 4 < 5 or (body[12] >> 4) * 4 > room:
            return "malformed"
        syn, ack, fin, rst = (bool(body[13] & bit) for bit in (SYN, ACK, FIN, RST))
        if (syn and (fin or rst)) or not (syn or ack or rst):
            return "malformed"
    if not later and protocol == 17:
        length = struct.unpack(">H", body[4:6])[0] if len(body) >= 8 else 0
        if len(body) < 8 or room < 8 or (length and (length < 8 or (not first and length > room))):
            return "malformed"
    if later or first:
        return "fragment"
    return "amplified" if protocol == 17 and body[:2] == b"\0\x35" else "passed"


@both
def test_a_packet_too_short_for_any_header_behind_its_own_is_judged_too(program, v) -> None:
    fill(program, part(HOME[v], deny=("192.0.2.64/26", "2001:db8:66::/48")))
    kind = b"\x08\0" if v == 4 else b"\x86\xdd"
    for source, verdict in ((DENIED[v], DROP), (ALLOWED[v], PASS), (THERE[v], PASS)):
        for more in (0, 7):
            packet = ip(source, HERE[v], 253, bytes(more))
            assert tried(program, bytes(12) + kind + packet)[0] == verdict, (source, more)
        packet = ip(source, HERE[v], 17, struct.pack(">HHH", 53, 9, 8))
        assert tried(program, bytes(12) + kind + packet)[0] == (PASS if source == ALLOWED[v] else DROP)
    assert reasons(program) == {"passed": 5, "denied": 3, "malformed": 1}


def test_cores_count_for_themselves_and_their_sum_is_told(program) -> None:
    """Also when a contract takes another's place: it begins at nothing on each of them."""
    fill(program, part(HOME[4]))
    here = os.sched_getaffinity(0)
    assert cores() >= max(here) + 1
    try:
        for core in here:
            os.sched_setaffinity(0, {core})
            for _ in range(5):
                tried(program, ethernet(udp(DENIED[4], HERE[4], 5000, size=72)))
    finally:
        os.sched_setaffinity(0, here)
    with program.maps[layout.GLOBAL].memory() as memory:
        for core in here:
            assert layout.tallies_of(memory[layout.tallies_at(core, 0)])["denied"] == (5, 500)
    (tally,) = tallies_of(program)
    assert tally.dropped["denied"].packets == 5 * len(here)
    assert tally.dropped["denied"].bytes == 100 * tally.dropped["denied"].packets
    tables.take_cleaning(program, HOME[4])
    tables.take_contract(program, "acme")
    tables.put_contract(program, "other", (0, 0))
    (tally,) = tallies_of(program)
    assert (tally.contract, tally.offered.packets) == ("other", 0)


def change(program, wanted: Scrubbing) -> None:
    """As the driver changes a program that runs."""
    asked = wanted_of((Scrubber(FOR, "dirty", "xdp"), wanted), NOW)
    assert asked is not None
    for lists in asked.lists.values():
        tables.put_lists(program, lists)
    for prefix, cleaning in asked.cleanings.items():
        tables.put_cleaning(program, prefix, cleaning)
