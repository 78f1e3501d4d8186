"""Whatever is received, the meter neither fails nor holds more than its sizes say."""

import random
import resource
import struct
from ipaddress import IPv4Address
from pathlib import Path

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
from hypothesis import given, settings
from hypothesis import strategies as st

from kitei.collect.faults import Fault
from kitei.collect.meter import Meter, protected
from kitei.collect.sizes import Sizes

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "flows" / "logstash"
SIZES = Sizes(
    blocks=16, hosts6=32, prefixes=8, sessions=64, templates=300, template_bytes=1 << 17, told_hosts=50
)
_VXLAN = ip4(
    "203.0.113.1", "203.0.113.2", 17, udp(9, 4789, b"\x08" + b"\0" * 7 + ethernet(0x0800, b"E" * 40))
)
SEEDS = (
    netflow5([("1.1.1.1", "10.0.0.5", 100, 2)] * 3),
    netflow9(template(256, V4), template(257, V6), a_set(256, flow("1.1.1.1", "10.0.0.5")), a_set(257, flow("::1", "2001:db8::5"))),
    netflow9(options_template(300, ((1, 4),), ((48, 1), (34, 4))), a_set(300, struct.pack(">IBI", 0, 1, 100))),
    ipfix(template(256, ((82, 65535), *V4), 10), a_set(256, b"\x03eth" + flow("1.1.1.1", "10.0.0.5"))),
    ipfix(a_set(2, struct.pack(">HH", 256, 0)), template(258, ((315, 65535),), 10)),
    sflow(sflow_sample(sflow_element(ethernet(0x0800, _VXLAN), 200))),
    sflow(sflow_sample(sflow_element(ethernet(0x86DD, ip6("::1", "2001:db8::5", 44, b"\x06" * 40)), 90), expanded=True)),
    sflow(sflow_sample(sflow_element(ethernet(0x8847, b"\0\0\x10\x40\0\0\x21\x40" + ip4("::ffff:1.1.1.1" [7:], "10.0.0.5", 6, tcp(1, 2))), 90))),
)  # fmt: skip


def small() -> Meter:
    meter = Meter(SIZES)
    meter.protect(protected("10.0.0.0/20", "2001:db8::/32"))
    return meter


def is_within(meter: Meter) -> bool:
    held = meter.totals()
    return (
        held["sessions"] <= SIZES.sessions
        and held["templates"] <= SIZES.templates
        and held["template_bytes"] <= SIZES.template_bytes
        and len(meter.roll(0, whole=True).hosts) <= SIZES.told_hosts
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_are_taken(datagrams: list[bytes]) -> None:
    with small() as meter:
        for datagram in datagrams:
            meter.feed(datagram, "192.0.2.1")
        assert meter.totals()["datagrams"] == len(datagrams)
        assert is_within(meter)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good datagram with some of its bytes otherwise, or cut."""
    datagram = bytearray(draw(st.sampled_from(SEEDS)))
    for at, value in draw(
        st.lists(st.tuples(st.integers(0, len(datagram) - 1), st.integers(0, 255)), max_size=6)
    ):
        datagram[at] = value
    return bytes(datagram[: draw(st.integers(0, len(datagram)) | st.just(len(datagram)))])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(mutated(), st.integers(1, 3), st.integers(0, 2)), max_size=30), st.booleans())
def test_good_datagrams_gone_bad_are_taken(sent: list[tuple[bytes, int, int]], tapped: bool) -> None:
    with small() as meter:
        if tapped:
            meter.tap(10)
        for datagram, source, port in sent:
            meter.feed(datagram, f"192.0.2.{source}", port)
        assert len(meter.tapped()) <= 10
        assert is_within(meter)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([1, 11, 12, 13]), st.integers(0, 65535))
def test_any_packet_is_taken(head: bytes, link: int, length: int) -> None:
    with small() as meter:
        meter.packet(head, length, link=link)
        assert is_within(meter)


@pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER} is not here")
def test_recorded_exports_gone_bad_grow_nothing() -> None:
    """Two hundred thousand of them, of hundreds of exporters; resident memory is looked at after the first tenth."""
    seeds = [each.read_bytes() for each in sorted(FOLDER.glob("*.dat"))]
    draw = random.Random(5)
    with small() as meter:
        before = 0
        for n in range(200_000):
            datagram = bytearray(draw.choice(seeds))
            for _ in range(draw.randrange(5)):
                datagram[draw.randrange(len(datagram))] = draw.randrange(256)
            meter.feed(bytes(datagram), str(IPv4Address(0x0B000000 + n % 700)), n % 3, 10**18 + n * 10**6)
            if n % 5000 == 0:
                assert is_within(meter)
            if n == 20_000:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_a_flood_of_templates_is_bounded_and_told() -> None:
    with small() as meter:
        for n in range(2000):
            meter.feed(netflow9(template(256 + n, V4), sequence=n), "192.0.2.1")
        assert meter.totals()["templates"] == SIZES.templates
        assert meter.faults() == {Fault.TEMPLATE_LIMIT: 2000 - SIZES.templates}
        meter.feed(netflow9(a_set(256, flow("1.1.1.1", "10.0.0.5"))), "192.0.2.1")
        assert meter.roll(0, whole=True).active == 1  # what was there first is still read


def test_forged_exporters_turn_over_only_the_unproven() -> None:
    """A true exporter, ten seconds old, keeps its templates and rate while a hundred thousand others try."""
    second = 10**9
    with small() as meter:
        meter.feed(netflow9(template(256, V4)), "192.0.2.1", 9, second)
        for n in range(12):
            meter.feed(
                netflow9(a_set(256, flow("1.1.1.1", "10.0.0.5")), sequence=1 + n),
                "192.0.2.1",
                9,
                (2 + n) * second,
            )
        forged = netflow9(template(256, V4), sequence=9)
        for n in range(100_000):
            meter.feed(forged, str(IPv4Address(0x0C000000 + n)), n % 60_000, 14 * second + n)
        assert is_within(meter)
        meter.feed(
            netflow9(a_set(256, flow("1.1.1.1", "10.0.0.5")), sequence=13), "192.0.2.1", 9, 15 * second
        )
        assert meter.roll(0, whole=True).active == 1
        true = [each for each in meter.heard() if str(each.address) == "192.0.2.1"]
        assert [(each.datagrams, each.lost) for each in true] == [(14, 0)]


def test_many_small_sets_cost_no_more_than_their_bytes() -> None:
    """Sixteen thousand sets without a template in one datagram are counted, not searched for one by one."""
    with small() as meter:
        for n in range(1000):
            meter.feed(netflow9(template(256 + n, V4), sequence=n), "192.0.2.1")
        meter.feed(netflow9(*(struct.pack(">HH", 60_000, 4) for _ in range(16_000))), "192.0.2.1")
        assert meter.faults()[Fault.NO_TEMPLATE] == 16_000
