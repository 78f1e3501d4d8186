"""Exports as the standards allow them and few exporters make them, each byte set by hand from the standard's text."""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from kitei.collect.counters import Counters
from kitei.collect.meter import Meter, protected
from kitei.collect.sizes import Sizes

SMALL = Sizes(blocks=256, hosts6=64, prefixes=8, sessions=64, told_hosts=100)
HOST, HOST6, A = "10.0.0.5", "2001:db8::5", "192.0.2.1"
SRC = ip_address("198.51.100.7").packed
DST = ip_address(HOST).packed


@pytest.fixture
def meter() -> Iterator[Meter]:
    with Meter(SMALL) as made:
        made.protect(protected("10.0.0.0/16", "2001:db8::/32"))
        yield made


def host(meter: Meter, address: str = HOST) -> Counters:
    found = meter.roll(0, whole=True).hosts
    return found.get(ip_address(address), Counters())


def no_faults(meter: Meter) -> None:
    assert meter.faults() == {}
    assert all(each.malformed == 0 and each.missing_templates == 0 for each in meter.heard())


# -- IPFIX (RFC 7011) --------------------------------------------------------------------------------


def message(*sets: tuple[int, bytes], sequence: int = 0, domain: int = 7) -> bytes:
    body = b"".join(struct.pack("!HH", id, 4 + len(each)) + each for id, each in sets)
    return struct.pack("!HHIII", 10, 16 + len(body), 1_700_000_000, sequence, domain) + body


def field(id: int, length: int, enterprise: int | None = None) -> bytes:
    if enterprise is None:
        return struct.pack("!HH", id, length)
    return struct.pack("!HHI", 0x8000 | id, length, enterprise)


def ipfix_template(id: int, *fields: bytes) -> tuple[int, bytes]:
    return 2, struct.pack("!HH", id, len(fields)) + b"".join(fields)


def test_variable_and_enterprise_fields_stand_between_those_that_are_read(meter: Meter) -> None:
    template = ipfix_template(
        300,
        field(96, 65535),  # applicationName, of any length
        field(8, 4),
        field(1000, 65535, enterprise=9),
        field(12, 4),
        field(42, 3, enterprise=6876),
        field(2, 3),  # reduced to three bytes (6.2)
        field(1, 5),
        field(4, 1),
        field(82, 65535),  # interfaceName
    )
    long = b"x" * 400

    def record(name: bytes, packets: int) -> bytes:
        counted = packets.to_bytes(3, "big") + (packets * 100).to_bytes(5, "big")
        short = bytes([len(name)]) + name
        return (
            short
            + SRC
            + b"\xff"
            + struct.pack("!H", len(long))
            + long
            + DST
            + b"abc"
            + counted
            + b"\x11"
            + b"\0"
        )

    meter.feed(message(template), A)
    meter.feed(message((300, record(b"", 5) + record(b"dns", 7))), A)
    found = host(meter)
    assert (found.packets, found.bytes, found.udp) == (12, 1200, 12)
    no_faults(meter)


def test_a_variable_length_beyond_the_set_loses_that_set_alone(meter: Meter) -> None:
    template = ipfix_template(300, field(96, 65535), field(12, 4), field(8, 4), field(2, 4), field(1, 4))
    good = b"\x03abc" + DST + SRC + struct.pack("!II", 4, 400)
    bad = b"\xff\xff\xf0" + b"z" * 30
    meter.feed(message(template), A)
    meter.feed(message((300, bad), (300, good)), A)
    assert host(meter).packets == 4
    assert sum(meter.faults().values()) == 1


def test_both_directions_of_a_record_count_each_for_its_target(meter: Meter) -> None:
    """RFC 5103: reverse elements are those of PEN 29305."""
    template = ipfix_template(
        301, field(8, 4), field(12, 4), field(7, 2), field(11, 2), field(4, 1),
        field(2, 8), field(1, 8), field(2, 8, 29305), field(1, 8, 29305),
    )  # fmt: skip
    inner = ip_address("10.0.9.9").packed
    record = inner + DST + struct.pack("!HHBQQQQ", 1024, 443, 6, 10, 1000, 20, 2000)
    meter.feed(message(template), A)
    meter.feed(message((301, record)), A)
    second = meter.roll(0, whole=True)
    told = {str(each): (found.packets, found.bytes) for each, found in second.hosts.items()}
    assert told == {HOST: (10, 1000), "10.0.9.9": (20, 2000)}


PLAIN = (field(8, 4), field(12, 4), field(2, 4), field(1, 4), field(10, 4))


def plain(packets: int, interface: int = 1) -> bytes:
    return SRC + DST + struct.pack("!III", packets, packets * 100, interface)


def test_all_templates_may_be_withdrawn_at_once_and_come_anew(meter: Meter) -> None:
    meter.feed(message(ipfix_template(400, *PLAIN), ipfix_template(401, *PLAIN)), A)
    meter.feed(message((400, plain(1)), (401, plain(2))), A)
    meter.feed(message((2, struct.pack("!HH", 2, 0))), A)  # RFC 7011 8.1: id 2 stands for all
    meter.feed(message((400, plain(10)), (401, plain(20))), A)
    assert host(meter).packets == 3
    assert [each.templates for each in meter.heard()] == [0]
    meter.feed(message(ipfix_template(401, *PLAIN), (401, plain(40))), A)
    assert host(meter).packets == 40


def test_withdrawing_options_leaves_data_templates_alone(meter: Meter) -> None:
    options = (3, struct.pack("!HHH", 402, 2, 1) + field(149, 4) + field(34, 4))
    meter.feed(message(ipfix_template(400, *PLAIN), options), A)
    meter.feed(message((3, struct.pack("!HH", 3, 0))), A)
    meter.feed(message((400, plain(1))), A)
    assert host(meter).packets == 1
    assert [each.templates for each in meter.heard()] == [1]


def test_sampling_told_of_an_interface_concerns_that_interface(meter: Meter) -> None:
    options = (3, struct.pack("!HHH", 402, 2, 1) + field(10, 4) + field(34, 4))
    meter.feed(message(ipfix_template(400, *PLAIN), options), A)
    meter.feed(message((402, struct.pack("!IIII", 3, 100, 4, 1000))), A)
    meter.feed(message((400, plain(1, 3) + plain(1, 4) + plain(1, 5))), A)
    assert host(meter).packets == 100 + 1000 + 1


def test_a_selectors_rate_concerns_its_records_in_its_domain(meter: Meter) -> None:
    """RFC 5477: selectorId with interval and space: 1 of 1 + 511."""
    options = (
        3,
        struct.pack("!HHH", 403, 4, 1) + field(302, 8) + field(304, 2) + field(305, 4) + field(306, 4),
    )
    data = ipfix_template(400, *PLAIN, field(302, 8))
    for domain in (1, 2):
        meter.feed(message(options, data, domain=domain), A)
    meter.feed(message((403, struct.pack("!QHII", 9, 1, 1, 511)), domain=1), A)
    for domain in (1, 2):
        meter.feed(message((400, plain(1) + struct.pack("!Q", 9)), domain=domain), A)
    assert host(meter).packets == 512 + 1


# -- NetFlow 9 (RFC 3954) ----------------------------------------------------------------------------


def nine(*sets: tuple[int, bytes], sequence: int = 0, domain: int = 1) -> bytes:
    body = b"".join(struct.pack("!HH", id, 4 + len(each)) + each for id, each in sets)
    return struct.pack("!HHIIII", 9, len(sets), 100_000, 1_700_000_000, sequence, domain) + body


@pytest.mark.parametrize("padding", [0, 1, 2, 3, 7])
def test_sets_may_be_padded_and_hold_several_templates(meter: Meter, padding: int) -> None:
    one = struct.pack("!HH", 260, 5) + field(8, 4) + field(12, 4) + field(2, 4) + field(1, 4) + field(61, 1)
    two = struct.pack("!HH", 261, 4) + field(12, 4) + field(8, 4) + field(1, 4) + field(2, 4)
    pad = bytes(padding)
    record = SRC + DST + struct.pack("!IIB", 3, 300, 0)
    other = DST + SRC + struct.pack("!II", 500, 5)
    meter.feed(nine((0, one + two + bytes(padding % 4))), A)
    meter.feed(nine((260, record * 2 + pad), (261, other + pad), sequence=1), A)
    found = host(meter)
    assert (found.packets, found.bytes) == (11, 1100)
    no_faults(meter)


def test_options_scoped_to_an_interface_and_to_a_sampler(meter: Meter) -> None:
    """Scope 2 is an interface; flowSamplerID 48, its mode 49, its random interval 50."""
    of_interface = struct.pack("!HHH", 262, 4, 8) + field(2, 4) + field(34, 4) + field(35, 1)
    of_sampler = struct.pack("!HHH", 263, 4, 12) + field(1, 4) + field(48, 1) + field(49, 1) + field(50, 4)
    with_sampler = (
        struct.pack("!HH", 264, 5) + field(8, 4) + field(12, 4) + field(2, 4) + field(1, 4) + field(48, 1)
    )
    with_interface = (
        struct.pack("!HH", 265, 5) + field(8, 4) + field(12, 4) + field(2, 4) + field(1, 4) + field(10, 2)
    )
    meter.feed(
        nine((1, of_interface + bytes(2)), (1, of_sampler + bytes(2)), (0, with_sampler + with_interface)), A
    )
    meter.feed(nine((262, struct.pack("!IIB", 12, 50, 1) + bytes(3)), sequence=1), A)
    meter.feed(nine((263, struct.pack("!IBBI", 1, 4, 2, 2000) + bytes(2)), sequence=2), A)
    record = SRC + DST + struct.pack("!II", 1, 100)
    meter.feed(nine((264, record + b"\x04" + bytes(3)), (265, record + b"\0\x0c" + bytes(2)), sequence=3), A)
    assert host(meter).packets == 2000 + 50
    no_faults(meter)


def test_one_exporter_with_many_domains_keeps_numbers_and_templates_apart(meter: Meter) -> None:
    for domain in range(20):
        order = (field(8, 4), field(12, 4)) if domain % 2 else (field(12, 4), field(8, 4))
        template = struct.pack("!HH", 256, 4) + b"".join(order) + field(2, 4) + field(1, 4)
        meter.feed(nine((0, template), domain=domain, sequence=1000 * domain), A)
    for domain in range(20):
        addresses = SRC + DST if domain % 2 else DST + SRC
        record = addresses + struct.pack("!II", 1, 100)
        meter.feed(nine((256, record), domain=domain, sequence=1000 * domain + 1), A)
    assert host(meter).packets == 20
    assert {each.lost for each in meter.heard()} == {0}
    no_faults(meter)


# -- sFlow 5 and what is in its samples --------------------------------------------------------------


def opaque(kind: int, body: bytes) -> bytes:
    return struct.pack("!II", kind, len(body)) + body


def raw(head: bytes, length: int, protocol: int = 1) -> bytes:
    padded = head + bytes(-len(head) % 4)
    return opaque(1, struct.pack("!IIII", protocol, length, 4, len(head)) + padded)


def sample(*elements: bytes, rate: int = 512, kind: int = 1) -> bytes:
    if kind == 1:
        head = struct.pack("!8I", 1, 5, rate, rate, 0, 5, 6, len(elements))
    else:
        head = struct.pack("!11I", 1, 0, 5, rate, rate, 0, 0, 5, 0, 6, len(elements))
    return opaque(kind, head + b"".join(elements))


def sflow_of(*samples: bytes) -> bytes:
    agent = struct.pack("!II", 5, 1) + ip_address(A).packed
    return agent + struct.pack("!IIII", 0, 1, 1000, len(samples)) + b"".join(samples)


def v4(protocol: int, payload: bytes, dst: bytes = DST, flags: int = 0) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, flags, 60, protocol, 0)
    return head + SRC + dst + payload


def v6(next: int, payload: bytes) -> bytes:
    source, target = IPv6Address("2001:db9::1"), IPv6Address(HOST6)
    return struct.pack("!IHBB", 6 << 28, len(payload), next, 60) + source.packed + target.packed + payload


def frame(kind: int, payload: bytes) -> bytes:
    return b"\x02" * 12 + struct.pack("!H", kind) + payload


UDP = struct.pack("!HHHH", 53, 9000, 8, 0)
SYN = struct.pack("!HHIIBBHHH", 1024, 443, 1, 0, 0x50, 2, 1024, 0, 0)


@pytest.mark.parametrize("kind", [1, 3])
def test_samples_stand_among_counters_and_the_head_among_other_elements(meter: Meter, kind: int) -> None:
    switch = opaque(1001, struct.pack("!4I", 10, 0, 20, 0))
    router = opaque(1002, struct.pack("!I4sII", 1, bytes(4), 24, 24))
    vendor = opaque(9 << 12 | 5, b"vendor's own")
    counters = opaque(2 if kind == 1 else 4, struct.pack("!III", 1, 5, 1) + opaque(1, bytes(88)))
    flow = sample(switch, vendor, raw(frame(0x0800, v4(17, UDP)), 600), router, kind=kind)
    meter.feed(sflow_of(counters, flow, counters), A)
    found = host(meter)
    assert (found.packets, found.bytes, found.udp, found.amp_bytes) == (512, 512 * 600, 512, 512 * 600)
    no_faults(meter)


GTP = b"\x30\xff" + struct.pack("!HI", 100, 77)
GTP_EXTENDED = b"\x34\xff" + struct.pack("!HIHBB", 100, 77, 1, 0, 0x85) + b"\x01\x10\x09\0"
OUTER = ip_address("203.0.113.9").packed
WRAPPED = {
    "q in q in q": frame(0x88A8, b"\0\x01\x91\0\0\x02\x81\0\0\x03\x08\0" + v4(6, SYN)),
    "priority tag": frame(0x8100, b"\xe0\0\x08\0" + v4(6, SYN)),
    "three labels": frame(0x8847, b"\0\0\x10\x40\0\0\x20\x40\0\0\x31\x40" + v4(6, SYN)),
    "labels behind a tag": frame(0x8100, b"\0\x05\x88\x47" + b"\0\0\x31\x40" + v4(6, SYN)),
    "gre with checksum, key and number": frame(
        0x0800, v4(47, b"\xb0\0\x08\0" + bytes(12) + v4(6, SYN), OUTER)
    ),
    "labels in gre": frame(0x0800, v4(47, b"\0\0\x88\x47" + b"\0\0\x31\x40" + v4(6, SYN), OUTER)),
    "vxlan behind a tag": frame(
        0x8100,
        b"\0\x05\x08\0"
        + v4(17, struct.pack("!HHHH", 5, 4789, 0, 0) + b"\x08" + bytes(7) + frame(0x0800, v4(6, SYN)), OUTER),
    ),
    "gtp": frame(0x0800, v4(17, struct.pack("!HHHH", 2152, 2152, 0, 0) + GTP + v4(6, SYN), OUTER)),
    "gtp with an extension": frame(
        0x0800, v4(17, struct.pack("!HHHH", 2152, 2152, 0, 0) + GTP_EXTENDED + v4(6, SYN), OUTER)
    ),
    "ipv4 with options": frame(
        0x0800, struct.pack("!BBHHHBBH", 0x47, 0, 48, 1, 0, 60, 6, 0) + SRC + DST + b"\x01" * 8 + SYN
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_packet_counts_for_its_target(meter: Meter, name: str) -> None:
    meter.feed(sflow_of(sample(raw(WRAPPED[name][:128], 400))), A)
    found = host(meter)
    assert (found.packets, found.syn, found.bytes, found.ports) == (512, 512, 512 * 400, ((443, 512),))


@pytest.mark.parametrize("protocol", [11, 12])
def test_a_head_may_begin_at_its_ip_header(meter: Meter, protocol: int) -> None:
    head = v4(6, SYN) if protocol == 11 else v6(6, SYN)
    meter.feed(sflow_of(sample(raw(head, 60, protocol))), A)
    assert host(meter, HOST if protocol == 11 else HOST6).syn == 512


EXTENSIONS = {
    "none": (6, b"", 0),
    "hop by hop, routing, destination": (
        0,
        b"\x2b\0" + bytes(6) + b"\x3c\0" + bytes(6) + b"\x06\0" + bytes(6),
        0,
    ),
    "first fragment": (44, b"\x06\0\0\x01" + bytes(4), 512),
    "atomic fragment": (44, b"\x06\0\0\0" + bytes(4), 0),
    "authentication": (51, b"\x06\x04" + bytes(22), 0),
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_ports_and_flags_stand_behind_extension_headers(meter: Meter, name: str) -> None:
    """An atomic fragment (RFC 6946) is no fragment."""
    next, headers, fragments = EXTENSIONS[name]
    meter.feed(sflow_of(sample(raw(frame(0x86DD, v6(next, headers + SYN)), 300))), A)
    found = host(meter, HOST6)
    assert (found.packets, found.tcp, found.syn, found.fragments) == (512, 512, 512, fragments)


def test_later_fragments_have_no_ports_and_count_for_their_protocol(meter: Meter) -> None:
    later6 = v6(44, b"\x11\0\x05\xa8" + bytes(4) + b"\0\x35\0\x35 not ports")
    later4 = v4(17, b"\0\x35\0\x35 not ports", flags=185)
    meter.feed(sflow_of(sample(raw(frame(0x86DD, later6), 300)), sample(raw(frame(0x0800, later4), 300))), A)
    second = meter.roll(0, whole=True)
    for address in (IPv4Address(HOST), IPv6Address(HOST6)):
        found = second.hosts[address]
        assert (found.udp, found.fragments, found.amp_bytes, found.ports) == (512, 512, 0, ())
