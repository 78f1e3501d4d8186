"""The meter: datagrams in, seconds of counters out. A thin hand on the compiled half."""

import ctypes
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from kitei.collect.counters import METRICS, Address, Counters, Network, Second
from kitei.collect.faults import Fault
from kitei.collect.library import LIMIT_COUNT, RawRecord, RawSession, RawTally, Totals, library, u32, u64
from kitei.collect.sizes import Sizes

_PROTOCOLS: Final = {5: "netflow5", 9: "netflow9", 10: "ipfix", 105: "sflow5", 0: "packet"}


TAP_TARGETS: Final = 32


class NoRoom(Exception):
    """More was asked of a meter than its sizes allow; the text names the size to raise."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """What is known of an exporter beforehand: its sampling rate (0: as it says itself), and whether what it
    tells of egress is to be passed over because it tells the same packets on their way in."""

    rate: int = 0
    ingress_only: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What the meter knows of one exporter's stream. `lost` counts what its sequence numbers skipped: flows of
    NetFlow 5, records of IPFIX, else datagrams; `source_drops` the samples that an sFlow agent says it dropped
    itself. Times are nanoseconds since 1970."""

    address: Address
    agent: Address | None
    port: int
    protocol: str
    domain: int
    first_ns: int
    last_ns: int
    datagrams: int
    records: int
    lost: int
    gaps: int
    late: int
    restarts: int
    missing_templates: int
    malformed: int
    source_drops: int
    templates: int
    samplers: int
    rate: int
    listed: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow (or sampled packet) as it was read, scaled. `back`: the other direction of one record told of
    both; `tunnel`: its addresses stood inside another packet; times in ms since 1970, 0 where none is told."""

    src: Address
    dst: Address
    bytes: int
    packets: int
    protocol: int
    sport: int
    dport: int
    flags: int
    tos: int
    icmp: tuple[int, int]
    fragment: bool
    vlan: int
    in_if: int
    out_if: int
    src_as: int
    dst_as: int
    first_ms: int
    last_ms: int
    rate: int
    version: str
    template: int
    exporter: Address
    exporter_port: int
    domain: int
    direction: int
    back: bool
    tunnel: bool
    protected: bool


def address_bytes(address: Address | str) -> bytes:
    """Sixteen bytes, IPv4 as ::ffff:a.b.c.d."""
    known = ip_address(address)
    return known.packed if known.version == 6 else b"\0" * 10 + b"\xff\xff" + known.packed


def address_of(sixteen: bytes) -> Address:
    address = IPv6Address(sixteen)
    return address.ipv4_mapped or address


class Meter:
    """Counts what exporters tell of protected prefixes.

    One thread at a time may feed, receive or end a second; `totals` and `heard` may be read beside that.
    `seed` scatters the hash tables: random for a collector that strangers can reach, fixed for a replay, whose
    figures it then fixes too. Everything is bounded by `sizes`, whatever is received.
    """

    def __init__(self, sizes: Sizes | None = None, *, seed: int = 0) -> None:
        self.sizes = sizes or Sizes()
        self._c = library()
        s = self.sizes
        made = self._c.meter_new(
            s.blocks, s.hosts6, s.prefixes, s.sessions, s.templates, s.template_bytes, s.exporters, seed
        )
        if not made:
            raise MemoryError(f"no memory for a meter of {s}")
        self._made: Any = ctypes.c_void_p(made)
        self._groups: list[Network] = []
        self._room = s.told_hosts
        self._hosts = (RawTally * self._room)()
        self._prefixes = (RawTally * s.prefixes)()
        self._tapped: Any = None
        self._raw_sessions: Any = None
        self._dropped: dict[int, int] = {}  # the kernel's running count of each socket, by its number

    @property
    def _meter(self) -> Any:
        """The compiled meter. After `close` there is none, and C is never handed nothing."""
        if self._made is None:
            raise ValueError("the meter is closed")
        return self._made

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._made is not None:
            self._c.meter_free(self._made)
            self._made = None

    def __del__(self) -> None:
        if getattr(self, "_made", None) is not None:
            self.close()

    def protect(
        self, limits: Mapping[Network, Mapping[str, int]], look_inside: Sequence[Network] = ()
    ) -> None:
        """Count for these prefixes from now on, and only these. A prefix's `limits` say (by metric) from which
        figure a host in it is handed over; a metric without one hands over nothing. `look_inside`: prefixes of
        tunnel ends, where what a packet carries counts instead."""
        self._c.meter_unprotect(self._meter)
        self._groups = sorted(limits, key=lambda each: (each.prefixlen, each.version, each))
        if len(self._groups) > self.sizes.prefixes:
            raise NoRoom(
                f"{len(self._groups)} prefixes, but room for {self.sizes.prefixes}: raise Sizes.prefixes"
            )
        for group, network in enumerate(self._groups, 1):
            self._take(network, group)
            values = (u64 * LIMIT_COUNT)(
                *(
                    -(-limits[network].get(metric, 0) // factor)  # bytes that reach the bits, rounded up
                    for metric, (_, factor) in METRICS.items()
                )
            )
            self._c.meter_limit(self._meter, group, values, network in look_inside)
        self._c.meter_early(self._meter, _least(limits, 1), -(-_least(limits, 8) // 8))

    def _take(self, network: Network, group: int) -> None:
        if isinstance(network, IPv4Network):
            done = self._c.meter_protect4(self._meter, int(network.network_address), network.prefixlen, group)
        else:
            done = self._c.meter_protect6(
                self._meter, network.network_address.packed, network.prefixlen, group
            )
        if done == -1:
            raise NoRoom(f"no room for the hosts of {network}: raise Sizes.blocks (one per IPv4 /24)")
        if done:
            raise NoRoom(f"{network} is too wide to count by host: protect prefixes of /8 or longer")

    def allow(self, exporters: Mapping[Address, "Exporter"], *, only: bool = True) -> None:
        """Name exporters and what is known of them, instead of those named before; with `only`, others are not
        listened to."""
        self._c.meter_unlist(self._meter)
        for address, known in exporters.items():
            if self._c.meter_list(self._meter, address_bytes(address), known.rate, known.ingress_only):
                raise NoRoom(f"more than {self.sizes.exporters} exporters: raise Sizes.exporters")
        self._c.meter_close(self._meter, only)

    def feed(self, datagram: bytes, source: Address | str, port: int = 0, at_ns: int = 0) -> None:
        """One datagram, as if received from there and then."""
        self._c.meter_feed(self._meter, datagram, len(datagram), address_bytes(source), port, at_ns or 1)

    def feed_all(self, run: bytes, source: Address | str, port: int = 0, at_ns: int = 0) -> None:
        """Many datagrams, each behind its length as a native 32-bit number."""
        self._c.meter_feed_all(self._meter, run, len(run), address_bytes(source), port, at_ns or 1)

    def packet(self, head: bytes, length: int, *, link: int = 1, rate: int = 1, at_ns: int = 0) -> bool:
        """A packet seen itself; `link` 1 is Ethernet, 11 IPv4 or IPv6. False: there was no IP in it."""
        return bool(self._c.meter_packet(self._meter, head, len(head), link, length, rate, at_ns or 1))

    def receive(self, sockets: Sequence[socket.socket], until_ns: int) -> bool:
        """Receive until the wall clock passes `until_ns`; False where `stop` ended it. Holds no interpreter."""
        numbers = [each.fileno() for each in sockets]
        fds = (ctypes.c_int * len(numbers))(*numbers)
        dropped = (u32 * len(numbers))(*(self._dropped.get(number, 0) for number in numbers))
        done = int(self._c.meter_receive(self._meter, fds, dropped, len(numbers), until_ns))
        self._dropped = dict(zip(numbers, dropped, strict=True))
        if done < 0:
            raise OSError(-done, "receiving flows failed")
        return done == 0

    def prepare(self, sock: socket.socket) -> None:
        """Have the kernel tell on `sock` what it dropped, and hand over runs of datagrams."""
        self._dropped.pop(sock.fileno(), None)
        if self._c.meter_prepare(self._meter, sock.fileno()):
            raise OSError(f"the kernel does not tell drops on {sock!r}")

    def stop(self, stopped: bool = True) -> None:
        """Make `receive` return, from any thread (False: let it run again)."""
        self._c.meter_stop(self._meter, int(stopped))

    def roll(self, at: int, *, whole: bool = False) -> Second:
        """End the second that began at `at` and hand it over; `whole`: every host with traffic."""
        return self.ended(at, whole=whole).read()

    def ended(self, at: int, *, whole: bool = False) -> "Ended":
        """The same, still as bytes: some microseconds, so that whoever receives can go on receiving."""
        groups, active = ctypes.c_uint32(), ctypes.c_uint32()
        told = self._c.meter_roll(
            self._meter,
            whole,
            self._hosts,
            self._room,
            self._prefixes,
            ctypes.byref(groups),
            ctypes.byref(active),
        )
        kept, size = min(told, self._room), ctypes.sizeof(RawTally)
        hosts = ctypes.string_at(self._hosts, kept * size)
        prefixes = ctypes.string_at(self._prefixes, groups.value * size)
        return Ended(at, hosts, prefixes, tuple(self._groups), active.value, told - kept)

    def peek(self, at: int) -> "Ended":
        """Hosts over their limits already in the second that began at `at` and goes on; at most a thousand."""
        told = self._c.meter_peek(self._meter, self._hosts, self._room)
        hosts = ctypes.string_at(self._hosts, told * ctypes.sizeof(RawTally))
        return Ended(at, hosts, b"", tuple(self._groups), 0, 0, partial=True)

    def tap(self, size: int, towards: Sequence[Address | Network] = ()) -> None:
        """Keep the first `size` flows read from now on, in full (0: none); counting is slower until there are
        so many. `towards`: only those to these targets, of which the first 32 are minded."""
        if size == 0 or self._tapped is None or len(self._tapped) != size:
            self._tapped = (RawRecord * size)() if size else None
        self._c.meter_tap(self._meter, self._tapped, size)
        for each in towards[:TAP_TARGETS]:
            network = ip_network(each)
            length = network.prefixlen + (96 if network.version == 4 else 0)
            self._c.meter_tap_for(self._meter, address_bytes(network.network_address), length)

    def tapped(self) -> tuple[Flow, ...]:
        """The flows kept since `tap`."""
        if self._tapped is None:
            return ()
        found = min(self._c.meter_tapped(self._meter), len(self._tapped))
        return tuple(_flow(raw) for raw in self._tapped[:found])

    def totals(self) -> dict[str, int]:
        """Since the meter was made: datagrams, records, records to elsewhere, kernel drops, what is held."""
        raw = Totals.from_address(self._meter.value)
        return {name: int(getattr(raw, name)) for name, *_ in Totals._fields_ if name != "faults"}

    def faults(self) -> dict[Fault, int]:
        """How often each reason struck, without those that never did."""
        raw = Totals.from_address(self._meter.value).faults
        return {fault: raw[fault] for fault in Fault if raw[fault]}

    def heard(self) -> tuple[Heard, ...]:
        """The streams of exporters that are remembered."""
        return read_heard(self.heard_bytes())

    def heard_bytes(self) -> bytes:
        """The same, for `read_heard`."""
        room = self.sizes.sessions * 2
        if self._raw_sessions is None:
            self._raw_sessions = (RawSession * room)()
        found = min(self._c.meter_sessions(self._meter, self._raw_sessions, room), room)
        return ctypes.string_at(self._raw_sessions, found * ctypes.sizeof(RawSession))


@dataclass(frozen=True, slots=True)
class Ended:
    """A second that has ended, not yet made into objects."""

    at: int
    hosts: bytes
    prefixes: bytes
    groups: tuple[Network, ...]
    active: int
    untold: int
    partial: bool = False

    def read(self) -> Second:
        size = ctypes.sizeof(RawTally)
        hosts = (RawTally * (len(self.hosts) // size)).from_buffer_copy(self.hosts)
        prefixes = (RawTally * (len(self.prefixes) // size)).from_buffer_copy(self.prefixes)
        return Second(
            self.at,
            {address_of(bytes(raw.address)): _counters(raw) for raw in hosts},
            {self.groups[raw.group - 1]: _counters(raw) for raw in prefixes},
            self.active,
            self.untold,
            self.partial,
        )


def read_heard(raw: bytes) -> tuple[Heard, ...]:
    count = len(raw) // ctypes.sizeof(RawSession)
    return tuple(_heard(each) for each in (RawSession * count).from_buffer_copy(raw))


def _counters(raw: Any) -> Counters:
    ports = sorted(zip(raw.port, raw.port_packets, strict=True), key=lambda each: (-each[1], each[0]))
    return Counters(
        raw.bytes,
        raw.packets,
        raw.flows,
        raw.tcp_bytes,
        raw.tcp,
        raw.syn,
        raw.udp_bytes,
        raw.udp,
        raw.amp_bytes,
        raw.icmp_bytes,
        raw.icmp,
        raw.fragments,
        raw.sources,
        tuple((port, packets) for port, packets in ports if packets),
        raw.spilled,
        raw.samples,
    )


def _heard(raw: Any) -> Heard:
    agent = bytes(raw.agent)
    return Heard(
        address_of(bytes(raw.address)),
        address_of(agent) if any(agent) else None,
        raw.port,
        _PROTOCOLS[raw.protocol],
        raw.domain,
        raw.first_ns,
        raw.last_ns,
        raw.datagrams,
        raw.records,
        raw.lost,
        raw.gaps,
        raw.late,
        raw.restarts,
        raw.missing_templates,
        raw.malformed,
        raw.source_drops,
        raw.templates,
        raw.samplers,
        raw.fixed_rate or raw.rate or 1,
        bool(raw.listed),
    )


def _flow(raw: Any) -> Flow:
    return Flow(
        address_of(bytes(raw.src)),
        address_of(bytes(raw.dst)),
        raw.bytes,
        raw.packets,
        raw.protocol,
        raw.sport,
        raw.dport,
        raw.flags,
        raw.tos,
        (raw.icmp_type, raw.icmp_code),
        bool(raw.fragment),
        raw.vlan,
        raw.in_if,
        raw.out_if,
        raw.src_as,
        raw.dst_as,
        raw.first_ms,
        raw.last_ms,
        raw.rate,
        _PROTOCOLS[raw.version],
        raw.template_id,
        address_of(bytes(raw.exporter)),
        raw.exporter_port,
        raw.domain,
        raw.direction,
        bool(raw.back),
        bool(raw.tunnel),
        bool(raw.group),
    )


def _least(limits: Mapping[Network, Mapping[str, int]], factor: int) -> int:
    """The least limit of any prefix on packets (factor 1) or bits (8); as good as none where there is none."""
    values = (
        value
        for each in limits.values()
        for metric, value in each.items()
        if value and METRICS[metric][1] == factor
    )
    return min(values, default=1 << 63)


def protected(*written: str) -> dict[Network, dict[str, int]]:
    """Prefixes without handing-over limits, for `Meter.protect` where seconds are taken whole."""
    found: dict[Network, dict[str, int]] = {}
    for each in written:
        network = ip_network(each)
        assert isinstance(network, IPv4Network | IPv6Network)
        found[network] = {}
    return found
