"""Every counter of a target against a plain sum of the same flows, and of a million targets in one second."""

import random
import struct
from collections import Counter, defaultdict
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import pytest
from flow_exports import V4, V6, a_set, ipfix, netflow9, template

from kitei.collect.counters import Address, Counters
from kitei.collect.meter import Exporter, Meter, protected
from kitei.collect.sizes import Sizes

SIZES = Sizes(blocks=16, hosts6=64, prefixes=16, sessions=64, templates=200, told_hosts=1000, exporters=8)
AMPLIFIES = {
    17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 1434, 1900, 3283, 3389, 3478, 3702, 5093, 5353, 5683, 10001,
    11211, 27015, 30718, 32414, 37810,
}  # fmt: skip
OFFSET = (88, 2)  # fragmentOffset
RATE = 100


@dataclass(frozen=True)
class Drawn:
    src: Address
    dst: Address
    octets: int
    packets: int
    protocol: int
    flags: int
    sport: int
    dport: int
    offset: int

    def record(self) -> bytes:
        head = struct.pack(
            ">IIBBHH", self.octets, self.packets, self.protocol, self.flags, self.sport, self.dport
        )
        return self.src.packed + self.dst.packed + head + struct.pack(">H", self.offset)


def drawn(draw: random.Random, six: bool) -> Drawn:
    net = "2001:db8::" if six else "10.0.0."
    protocol = draw.choice((6, 6, 17, 17, 58 if six else 1, 47))
    packets = draw.choice((1, 2, 40, 70_000))
    sport = draw.choice((*AMPLIFIES, 0, 443, 54, 52, 65535))
    return Drawn(
        ip_address(f"2001:db8:ff::{draw.randrange(9):x}" if six else f"192.0.2.{draw.randrange(9)}"),
        ip_address(f"{net}{draw.randrange(5)}"),
        packets * draw.randrange(40, 1500),
        packets,
        protocol,
        draw.choice((0x02, 0x12, 0x10, 0x1B, 0xC2)),
        sport,
        draw.choice((80, 80, 80, 80, 53, 22)),
        draw.choice((0, 0, 0, 185, 0x2000)),
    )


def summed(flows: list[Drawn]) -> dict[Address, Counters]:
    """What each target should have."""
    sums: dict[Address, Counter[str]] = defaultdict(Counter)
    for each in flows:
        row, packets, octets = sums[each.dst], each.packets * RATE, each.octets * RATE
        row.update(bytes=octets, packets=packets, flows=1, samples=min(each.packets, 65535))
        name = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}.get(each.protocol)
        if name:
            row.update({name: packets, f"{name}_bytes": octets})
        row["syn"] += packets * (each.protocol == 6 and each.flags & 0x12 == 0x02)
        row["amp_bytes"] += octets * (each.protocol == 17 and each.sport in AMPLIFIES)
        row["fragments"] += packets * (each.offset & 0x1FFF != 0)
    return {host: Counters(**{**row, "samples": min(row["samples"], 65535)}) for host, row in sums.items()}


@pytest.mark.parametrize("tapped", [0, 1 << 16], ids=["in the tight loop", "one by one"])
@pytest.mark.parametrize("version", [9, 10])
@pytest.mark.parametrize("six", [False, True])
def test_each_counter_is_the_sum_of_its_flows(six: bool, version: int, tapped: int) -> None:
    draw, make = random.Random(f"{six} {version}"), netflow9 if version == 9 else ipfix
    fields = (*(V6 if six else V4), OFFSET, (34, 4))
    if not tapped:
        fields = fields[:-1]  # a rate in the record is read one by one
    flows = [drawn(draw, six) for _ in range(900)]
    with Meter(SIZES) as meter:
        meter.protect(protected("10.0.0.0/24", "2001:db8::/64"))
        meter.tap(tapped)
        meter.feed(make(template(256, fields, version)), "192.0.2.1")
        if not tapped:
            meter.allow({ip_address("192.0.2.1"): Exporter(rate=RATE)}, only=False)
        told = struct.pack(">I", RATE) if tapped else b""
        for at in range(0, len(flows), 18):
            body = b"".join(each.record() + told for each in flows[at : at + 18])
            meter.feed(make(a_set(256, body)), "192.0.2.1")
        second = meter.roll(0, whole=True)
    wanted = summed(flows)
    assert second.hosts.keys() == wanted.keys()
    for host, found in second.hosts.items():
        mine = {**found.json(), "sources": 0}
        assert mine == wanted[host].json(), host
        assert found.ports[0][0] == 80
        assert 4 <= found.sources <= 16  # of nine, by an estimate of 18 % standard error
    network = ip_network("2001:db8::/64" if six else "10.0.0.0/24")
    whole = second.prefixes[network]
    for name in ("bytes", "packets", "flows", "tcp", "syn", "udp_bytes", "amp_bytes", "icmp", "fragments"):
        assert getattr(whole, name) == sum(getattr(each, name) for each in wanted.values()), name


def million(first: int, count: int, six: bool) -> list[bytes]:
    """NetFlow 9: one flow to each of so many addresses, and a second one to each thousandth."""
    made = [netflow9(template(257 if six else 256, V6 if six else V4))]
    tail = struct.pack(">IIBBHH", 1000, 10, 17, 0, 4000, 80)
    prefix = bytes.fromhex("20010db8") + bytes(8) if six else b""
    head = (prefix + b"\1\1\1\1", prefix)
    records = [head[0] + head[1] + struct.pack(">I", first + n) + tail for n in range(count)]
    records += records[::1000]
    for at in range(0, len(records), 1000):
        made.append(netflow9(a_set(257 if six else 256, b"".join(records[at : at + 1000]))))
    return made


def test_a_million_targets_are_counted_each_for_itself_in_every_second() -> None:
    hosts, hosts6 = 1_000_000, 200_000
    with Meter(Sizes()) as meter:
        limits = {ip_network("10.0.0.0/12"): {"pps": 20}, ip_network("2001:db8::/32"): {"pps": 20}}
        meter.protect(limits)
        four, six = million(0x0A000000, hosts, False), million(0, hosts6, True)
        for at in (0, 1):
            for datagram in (*four, *six):
                meter.feed(datagram, "192.0.2.1")
            second = meter.roll(at)
            assert second.active == hosts + hosts6
            assert len(second.hosts) == (hosts + hosts6) // 1000 and second.untold == 0
            assert {(each.packets, each.bytes, each.flows) for each in second.hosts.values()} == {
                (20, 2000, 2)
            }
            assert ip_address("10.0.3.232") in second.hosts and ip_address("2001:db8::3e8") in second.hosts
            assert second.prefixes[ip_network("10.0.0.0/12")].packets == hosts * 10 + hosts // 100
            assert second.prefixes[ip_network("2001:db8::/32")].packets == hosts6 * 10 + hosts6 // 100
        assert not meter.faults()
