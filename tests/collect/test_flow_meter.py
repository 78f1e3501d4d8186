"""The meter reads every export protocol, scales by what the exporter says, and keeps exporters apart."""

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from flow_exports import (
    V4,
    V6,
    a_set,
    ethernet,
    flow,
    ip4,
    ip6,
    ipfix,
    netflow5,
    netflow9,
    options_template,
    sflow,
    sflow_element,
    sflow_sample,
    tcp,
    template,
    udp,
)

from kitei.collect.counters import Counters, Second
from kitei.collect.faults import Fault
from kitei.collect.meter import Exporter, Heard, Meter, NoRoom, protected
from kitei.collect.sizes import Sizes

SMALL = Sizes(blocks=256, hosts6=64, prefixes=16, sessions=64, templates=2000, told_hosts=1000, exporters=8)
A, B = "192.0.2.1", "2001:db8:ffff::2"
HOST, HOST6 = "10.0.0.5", "2001:db8::5"
NOW = 1_700_000_000 * 10**9


@pytest.fixture
def meter() -> Iterator[Meter]:
    with Meter(SMALL) as made:
        made.protect(protected("10.0.0.0/16", "2001:db8::/32"))
        yield made


def seen(meter: Meter, host: str = HOST) -> Counters:
    return meter.roll(0, whole=True).hosts.get(ip_address(host), Counters())


def only(meter: Meter) -> Heard:
    (heard,) = meter.heard()
    return heard


def test_netflow5_is_scaled_by_the_interval_in_its_header(meter: Meter) -> None:
    meter.feed(netflow5([("198.51.100.1", HOST, 100, 2), ("198.51.100.2", HOST, 40, 1)], sampling=50), A)
    found = seen(meter)
    assert (found.bytes, found.packets, found.flows) == (140 * 50, 150, 2)
    assert (found.tcp, found.syn, found.samples) == (150, 150, 3)
    assert found.ports == ((443, 150),)


def test_netflow5_that_stops_sampling_is_scaled_no_more(meter: Meter) -> None:
    meter.feed(netflow5([("198.51.100.1", HOST, 100, 2)], sampling=50), A)
    meter.feed(netflow5([("198.51.100.1", HOST, 100, 2)], sequence=1), A)
    assert seen(meter).bytes == 100 * 50 + 100


@pytest.mark.parametrize("version", [9, 10])
def test_templates_of_both_families_are_read(meter: Meter, version: int) -> None:
    make = netflow9 if version == 9 else ipfix
    meter.feed(make(template(256, V4, version), template(257, V6, version)), B)
    meter.feed(make(a_set(256, flow("1.1.1.1", HOST)), a_set(257, flow("2001:db8:9::1", HOST6, 7, 1))), B)
    second = meter.roll(0, whole=True)
    assert second.hosts[IPv4Address(HOST)].bytes == 1000
    assert second.hosts[IPv6Address(HOST6)].bytes == 7
    assert not meter.faults()


@pytest.mark.parametrize("version", [9, 10])
def test_sampling_told_in_options_belongs_to_its_exporter_and_domain(meter: Meter, version: int) -> None:
    make = netflow9 if version == 9 else ipfix
    scope = ((1, 4),) if version == 9 else ((144, 4),)
    for source, domain in ((A, 1), (A, 2), (B, 1)):
        meter.feed(make(template(256, V4, version), domain=domain), source)
    meter.feed(
        make(
            options_template(300, scope, ((34, 4), (35, 1)), version),
            a_set(300, struct.pack(">IIB", 0, 500, 2)),
            domain=1,
        ),
        A,
    )
    figures = []
    for source, domain in ((A, 1), (A, 2), (B, 1)):
        meter.feed(make(a_set(256, flow("1.1.1.1", HOST, 10, 1)), domain=domain), source)
        figures.append(seen(meter).bytes)
    assert figures == [5000, 10, 10]


def test_each_sampler_has_its_rate(meter: Meter) -> None:
    fields = (*V4, (48, 1))
    meter.feed(netflow9(template(256, fields), options_template(300, ((1, 4),), ((48, 1), (50, 4)))), A)
    body = b"".join(struct.pack(">IBI", 0, sampler, rate) for sampler, rate in ((1, 100), (2, 2000)))
    meter.feed(netflow9(a_set(300, body)), A)
    for sampler, bytes_then in ((1, 1000), (2, 20_000), (3, 10)):
        meter.feed(netflow9(a_set(256, flow("1.1.1.1", HOST, 10, 1) + bytes([sampler]))), A)
        assert seen(meter).bytes == bytes_then


def test_psamp_intervals_say_one_in_how_many(meter: Meter) -> None:
    meter.feed(ipfix(template(256, V4, 10), options_template(300, ((302, 2),), ((305, 4), (306, 4)), 10)), A)
    meter.feed(ipfix(a_set(300, struct.pack(">HII", 7, 1, 999))), A)
    meter.feed(ipfix(a_set(256, flow("1.1.1.1", HOST, 3, 1))), A)
    assert seen(meter).bytes == 3000  # the only sampler is everybody's


def test_a_rate_given_by_hand_stands_above_what_the_exporter_says(meter: Meter) -> None:
    meter.allow({ip_address(A): Exporter(rate=10)}, only=False)
    meter.feed(netflow5([("1.1.1.1", HOST, 100, 1)], sampling=1000), A)
    assert seen(meter).bytes == 1000


@pytest.mark.parametrize("tapped", [0, 10])
def test_packets_told_on_their_way_in_and_out_count_once_where_that_is_known(
    meter: Meter, tapped: int
) -> None:
    meter.tap(tapped)
    for ingress_only, expected in ((False, 2000), (True, 1000)):
        meter.allow({ip_address(A): Exporter(ingress_only=ingress_only)})
        meter.feed(netflow9(template(256, (*V4, (61, 1)))), A)
        body = flow("1.1.1.1", HOST) + b"\0" + flow("1.1.1.1", HOST) + b"\1"
        meter.feed(netflow9(a_set(256, body)), A)
        assert seen(meter).bytes == expected


def test_a_changed_template_is_read_as_changed(meter: Meter) -> None:
    meter.feed(netflow9(template(256, V4)), A)
    turned = (V4[1], V4[0], *V4[2:])
    meter.feed(netflow9(template(256, turned)), A)
    meter.feed(netflow9(a_set(256, flow(HOST, "1.1.1.1"))), A)
    assert seen(meter).flows == 1
    assert only(meter).templates == 1


def test_a_withdrawn_template_reads_nothing_more(meter: Meter) -> None:
    meter.feed(ipfix(template(256, V4, 10), template(257, V4, 10)), A)
    meter.feed(ipfix(a_set(2, struct.pack(">HH", 256, 0))), A)
    meter.feed(ipfix(a_set(256, flow("1.1.1.1", HOST))), A)
    assert meter.faults() == {Fault.NO_TEMPLATE: 1}
    meter.feed(ipfix(a_set(257, flow("1.1.1.1", HOST))), A)
    assert seen(meter).flows == 1
    meter.feed(ipfix(a_set(2, struct.pack(">HH", 2, 0))), A)
    assert only(meter).templates == 0


def test_domains_ports_and_addresses_have_templates_of_their_own(meter: Meter) -> None:
    turned = (V4[1], V4[0], *V4[2:])
    meter.feed(netflow9(template(256, V4), domain=1), A, 1000)
    meter.feed(netflow9(template(256, turned), domain=2), A, 1000)
    meter.feed(netflow9(template(256, turned), domain=1), A, 2000)
    for domain, port, record in ((1, 1000, flow("1.1.1.1", HOST)), (2, 1000, flow(HOST, "1.1.1.1"))):
        meter.feed(netflow9(a_set(256, record), domain=domain), A, port)
    meter.feed(netflow9(a_set(256, flow(HOST, "1.1.1.1")), domain=1), A, 2000)
    assert seen(meter).flows == 3
    meter.feed(netflow9(a_set(256, flow("1.1.1.1", HOST)), domain=1), B, 1000)
    assert meter.faults() == {Fault.NO_TEMPLATE: 1}


def test_data_from_another_port_of_the_same_exporter_uses_its_templates(meter: Meter) -> None:
    meter.feed(netflow9(template(256, V4), domain=1), A, 1000)
    meter.feed(netflow9(a_set(256, flow("1.1.1.1", HOST)), domain=1), A, 2000)
    assert seen(meter).flows == 1


def test_variable_fields_are_walked(meter: Meter) -> None:
    fields = ((82, 65535), *V4)
    meter.feed(ipfix(template(256, fields, 10)), A)
    short = b"\x03eth" + flow("1.1.1.1", HOST)
    long = b"\xff\x01\x00" + b"x" * 256 + flow("1.1.1.2", HOST)
    meter.feed(ipfix(a_set(256, short + long)), A)
    assert seen(meter).bytes == 2000


def test_both_directions_of_one_record_count_for_their_own_targets(meter: Meter) -> None:
    body = struct.pack(">HH", 256, len(V4) + 1) + b"".join(struct.pack(">HH", *each) for each in V4)
    meter.feed(ipfix(a_set(2, body + struct.pack(">HHI", 0x8001, 4, 29305))), A)
    meter.feed(ipfix(a_set(256, flow("10.0.0.9", HOST, 100, 1) + struct.pack(">I", 900))), A)
    second = meter.roll(0, whole=True)
    assert second.hosts[IPv4Address(HOST)].bytes == 100
    assert second.hosts[IPv4Address("10.0.0.9")].bytes == 900


def test_lost_datagrams_are_counted_by_their_numbers(meter: Meter) -> None:
    for number in (5, 6, 9, 8, 10):
        meter.feed(netflow9(template(256, V4), sequence=number), A)
    heard = only(meter)
    assert (heard.lost, heard.gaps, heard.late, heard.restarts) == (1, 1, 1, 0)


def test_lost_flows_are_counted_where_numbers_count_flows(meter: Meter) -> None:
    flows = [("1.1.1.1", HOST, 1, 1)] * 3
    for number in (0, 3, 12):
        meter.feed(netflow5(flows, sequence=number), A)
    assert only(meter).lost == 6


def test_a_restarted_exporter_has_lost_nothing(meter: Meter) -> None:
    for number, uptime in ((900_000, 5_000_000), (900_001, 5_001_000), (0, 1000), (1, 2000)):
        meter.feed(netflow9(template(256, V4), sequence=number, uptime=uptime), A)
    heard = only(meter)
    assert (heard.lost, heard.restarts) == (0, 1)


@pytest.mark.parametrize("expanded", [False, True])
def test_samples_an_agent_dropped_itself_are_counted_from_what_it_said_first(
    meter: Meter, expanded: bool
) -> None:
    for drops in (1000, 1000, 1004, 3):  # began anew: nothing is made of that
        meter.feed(sflow(sflow_sample(drops=drops, expanded=expanded)), A)
    assert only(meter).source_drops == 4


SYN = ip4("198.51.100.7", HOST, 6, tcp(1000, 443))
WRAPPED = {
    "plain": ethernet(0x0800, SYN),
    "vlan": ethernet(0x8100, b"\0\x64\x08\0" + SYN),
    "two vlans": ethernet(0x88A8, b"\0\x01\x81\0\0\x64\x08\0" + SYN),
    "mpls": ethernet(0x8847, b"\0\x01\x00\x40\0\x02\x01\x40" + SYN),
    "ethernet in mpls": ethernet(0x8847, b"\0\x02\x01\x40\0\0\0\0" + ethernet(0x0800, SYN)),
    "pppoe": ethernet(0x8864, b"\x11\0\0\x01\0\x2a\0\x21" + SYN),
    "gre": ethernet(0x0800, ip4("203.0.113.1", "203.0.113.2", 47, b"\0\0\x08\0" + SYN)),
    "gre with key": ethernet(0x0800, ip4("203.0.113.1", "203.0.113.2", 47, b"\x20\0\x08\0\0\0\0\x07" + SYN)),
    "gre of ethernet": ethernet(
        0x0800, ip4("203.0.113.1", "203.0.113.2", 47, b"\0\0\x65\x58" + ethernet(0x0800, SYN))
    ),
    "vxlan": ethernet(
        0x0800,
        ip4("203.0.113.1", "203.0.113.2", 17, udp(9, 4789, b"\x08" + b"\0" * 7 + ethernet(0x0800, SYN))),
    ),
    "ip in ipv6": ethernet(0x86DD, ip6("2001:db9::1", "2001:db9::2", 4, SYN)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_sample_is_unwrapped_to_its_target(meter: Meter, name: str) -> None:
    frame = WRAPPED[name]
    meter.feed(sflow(sflow_sample(sflow_element(frame[:128], 500), rate=1000)), A)
    found = seen(meter)
    assert (found.packets, found.bytes, found.syn) == (1000, 500_000, 1000)
    assert found.ports == ((443, 1000),)


def test_a_tunnel_flood_counts_for_the_customer_it_is_sent_to(meter: Meter) -> None:
    other = ip4("198.51.100.7", "10.0.0.77", 6, tcp(1, 2))
    frame = ethernet(0x0800, ip4("203.0.113.1", HOST, 47, b"\0\0\x08\0" + other))
    meter.feed(sflow(sflow_sample(sflow_element(frame, 500), rate=10)), A)
    second = meter.roll(0, whole=True)
    assert set(second.hosts) == {IPv4Address(HOST)}
    assert second.hosts[IPv4Address(HOST)].other == 10


def test_our_own_tunnels_are_looked_into(meter: Meter) -> None:
    ends = ip_network("10.0.1.0/24")
    meter.protect(protected("10.0.0.0/24", "10.0.1.0/24"), look_inside=[ends])  # type: ignore[list-item]
    frame = ethernet(0x0800, ip4("203.0.113.1", "10.0.1.1", 47, b"\0\0\x08\0" + SYN))
    meter.feed(sflow(sflow_sample(sflow_element(frame, 500))), A)
    assert seen(meter).syn == 100


def test_expanded_samples_and_addresses_without_a_header_are_read(meter: Meter) -> None:
    meter.feed(sflow(sflow_sample(sflow_element(ethernet(0x0800, SYN), 64), rate=7, expanded=True)), A)
    addresses = ip_address("1.2.3.4").packed + ip_address(HOST).packed
    element = (
        struct.pack(">II", 3, 32) + struct.pack(">II", 90, 17) + addresses + struct.pack(">IIII", 53, 9, 0, 0)
    )
    meter.feed(sflow(sflow_sample(element, rate=3), agent=HOST6), A)
    found = seen(meter)
    assert (found.packets, found.udp, found.amp_bytes) == (10, 3, 270)


def test_fragments_are_told_in_both_families(meter: Meter) -> None:
    first, later = (
        ip4("1.1.1.1", HOST, 17, udp(1, 2, b"x" * 8), offset=0x2000),
        ip4("1.1.1.1", HOST, 17, b"y" * 8, offset=3),
    )
    six = ip6("2001:db8:9::1", HOST6, 44, b"\x11\0\0\x09\0\0\0\x01" + b"z" * 8)
    for frame in (ethernet(0x0800, first), ethernet(0x0800, later), ethernet(0x86DD, six)):
        meter.feed(sflow(sflow_sample(sflow_element(frame, 100), rate=1)), A)
    second = meter.roll(0, whole=True)
    assert second.hosts[IPv4Address(HOST)].fragments == 2
    six_seen = second.hosts[IPv6Address(HOST6)]
    assert (six_seen.fragments, six_seen.udp) == (1, 1)


def test_the_longest_prefix_owns_a_host_and_sums_stay_apart(meter: Meter) -> None:
    meter.protect(protected("10.0.0.0/16", "10.0.0.0/29", "10.0.0.5/32", "2001:db8::/32", "2001:db8::/64"))
    meter.feed(netflow9(template(256, V4), template(257, V6)), A)
    for target, size in ((HOST, 1), ("10.0.0.6", 20), ("10.0.0.9", 300)):
        meter.feed(netflow9(a_set(256, flow("1.1.1.1", target, size))), A)
    meter.feed(
        netflow9(
            a_set(257, flow("2001::1", HOST6, 4000)), a_set(257, flow("2001::1", "2001:db8:1::1", 50_000))
        ),
        A,
    )
    sums = {str(network): each.bytes for network, each in meter.roll(0).prefixes.items()}
    assert sums == {
        "10.0.0.5/32": 1,
        "10.0.0.0/29": 20,
        "10.0.0.0/16": 300,
        "2001:db8::/64": 4000,
        "2001:db8::/32": 50_000,
    }


def test_only_hosts_at_their_limit_are_handed_over(meter: Meter) -> None:
    meter.protect({ip_network("10.0.0.0/24"): {"syn-pps": 3, "bps": 800}})
    for target, packets in ((HOST, 3), ("10.0.0.6", 2), ("10.0.0.7", 1)):
        octets = 100 if target == "10.0.0.7" else 99
        meter.feed(netflow5([("1.1.1.1", target, octets, packets)]), A)
    second = meter.roll(9)
    assert set(second.hosts) == {IPv4Address(HOST), IPv4Address("10.0.0.7")}
    assert (second.at, second.active, second.untold) == (9, 3, 0)


def test_a_second_begins_at_nothing(meter: Meter) -> None:
    meter.feed(netflow5([("1.1.1.1", HOST, 100, 1)]), A)
    assert seen(meter).bytes == 100
    assert meter.roll(1, whole=True) == Second(1, {}, {})
    meter.feed(netflow5([("1.1.1.1", HOST, 1, 1)], sequence=1), A)
    assert seen(meter).bytes == 1


def test_sources_are_estimated_and_the_main_port_is_named(meter: Meter) -> None:
    meter.feed(netflow9(template(256, V4)), A)
    for n in range(400):
        body = b"".join(
            flow(
                f"11.{n}.{k}.1" if n < 256 else f"12.{n - 256}.{k}.1", HOST, dport=443 if k % 2 else 1000 + n
            )
            for k in range(10)
        )
        meter.feed(netflow9(a_set(256, body)), A)
    found = seen(meter)
    assert 2000 < found.sources < 8000
    assert found.ports[0][0] == 443


def test_hosts_without_room_still_count_for_their_prefix(meter: Meter) -> None:
    meter.feed(netflow9(template(257, V6)), A)
    for n in range(500):
        meter.feed(netflow9(a_set(257, flow("2001::1", f"2001:db8::{n:x}", 10))), A)
    second = meter.roll(0, whole=True)
    total = second.prefixes[ip_network("2001:db8::/32")]
    assert total.bytes == 5000
    assert len(second.hosts) == SMALL.hosts6
    assert total.spilled == 500 - SMALL.hosts6
    assert meter.faults()[Fault.TARGET_LIMIT] == 500 - SMALL.hosts6


def test_only_listed_exporters_are_heard(meter: Meter) -> None:
    meter.allow({ip_address(A): Exporter()})
    meter.feed(netflow5([("1.1.1.1", HOST, 1, 1)]), B)
    assert meter.faults() == {Fault.UNLISTED: 1}
    meter.feed(netflow5([("1.1.1.1", HOST, 1, 1)]), A)
    assert seen(meter).flows == 1


def test_more_than_was_made_room_for_is_refused_by_name(meter: Meter) -> None:
    with pytest.raises(NoRoom, match="blocks"):
        meter.protect(protected("10.0.0.0/15"))
    with pytest.raises(NoRoom, match=r"Sizes\.prefixes"):
        meter.protect(protected(*(f"10.0.0.{n}/32" for n in range(17))))
    with pytest.raises(NoRoom, match="exporters"):
        meter.allow({ip_address(f"192.0.2.{n}"): Exporter() for n in range(20)})


BAD = {
    "empty": (b"", Fault.SHORT),
    "a version of nobody": (b"\0\x07" + b"\0" * 60, Fault.VERSION),
    "netflow 5 with too many flows": (netflow5([("1.1.1.1", HOST, 1, 1)])[:60], Fault.LENGTH),
    "netflow 9 header only begun": (netflow9()[:12], Fault.SHORT),
    "a set beyond the datagram": (netflow9(a_set(256, b"x" * 40)[:-8]), Fault.LENGTH),
    "a set shorter than its head": (netflow9(b"\x01\0\0\x02"), Fault.LENGTH),
    "ipfix longer than it is": (ipfix(template(256, V4, 10))[:-4], Fault.LENGTH),
    "a template without fields": (netflow9(template(256, ())), Fault.TEMPLATE),
    "a template of empty fields": (netflow9(template(256, ((1, 0), (2, 0)))), Fault.TEMPLATE),
    "a template cut short": (netflow9(a_set(0, struct.pack(">HHHH", 256, 9, 1, 4))), Fault.TEMPLATE),
    "data before its template": (netflow9(a_set(256, b"x" * 40)), Fault.NO_TEMPLATE),
    "more sflow samples than there are": (sflow()[:-4] + b"\0\0\0\x09", Fault.LENGTH),
    "an sflow sample of no rate": (sflow(sflow_sample(rate=0)), Fault.SAMPLING),
    "a header without ip": (sflow(sflow_sample(sflow_element(ethernet(0x0800, b"\x45"), 64))), Fault.FRAME),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_counted_by_its_reason(meter: Meter, name: str) -> None:
    datagram, fault = BAD[name]
    meter.feed(datagram, A)
    assert meter.faults() == {fault: 1}
    assert meter.roll(0, whole=True).hosts == {}


def test_a_record_no_link_could_carry_is_not_counted(meter: Meter) -> None:
    wide = tuple((id, 8 if id in {1, 2} else size) for id, size in V4)
    meter.feed(netflow9(template(256, wide)), A)
    record = ip_address("1.1.1.1").packed + ip_address(HOST).packed + b"\xff" * 16 + bytes(6)
    meter.feed(netflow9(a_set(256, record)), A)
    assert meter.faults() == {Fault.IMPLAUSIBLE: 1}
    assert seen(meter) == Counters()
