"""Packets of an attack, kept as evidence without being asked: once for each prefix that comes under the scrubber."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

from kitei.agent.relay import LANES
from kitei.collect.excerpt import PACKETS, SECONDS, Packet, pcap, tell_excerpt, tell_pcap
from kitei.drivers.scrubber.heads import take_heads
from kitei.drivers.scrubber.layout import Head
from kitei.network import Host, Part
from kitei.network.ddos import Scrubber, Scrubbing
from kitei.network.expiry import has_expired
from kitei.spool import Lane

_MOST: Final = 64  # prefixes at a time; of more that come together, the others have no excerpt
_LISTENING: Final = 2  # threads that listen on a port where no XDP program runs
_PATIENCE: Final = 60.0  # seconds for a first packet
_BYTES: Final = 32 << 20  # of excerpts that wait for the controller


@dataclass(slots=True)
class _Open:
    """An excerpt that is being taken, since `begun` (of this process's time); `first` is its first packet's."""

    contract: str
    target: IPv4Network | IPv6Network
    begun: float
    first: float | None = None
    packets: list[Packet] = field(default_factory=list)
    in_second: int = 0

    def take(self, packet: Packet, now: float) -> None:
        """At most a fifth in each look, so that they are spread over the seconds."""
        if self.in_second < PACKETS // SECONDS and len(self.packets) < PACKETS:
            self.first = now if self.first is None else self.first
            self.packets.append(packet)
            self.in_second += 1

    def is_done(self, now: float) -> bool:
        """Of a target to which nothing comes, nothing is kept."""
        if self.first is None:
            return now - self.begun >= _PATIENCE
        return now - self.first >= SECONDS or len(self.packets) >= PACKETS


class Excerpts:
    """Takes excerpts on one scrubber; `look` is called each second. What stands always has none: no attack began it.

    Of an XDP program it takes the beginnings that the program puts aside; where a filter of nftables cleans, it
    listens on the port.
    """

    def __init__(self, host: Host, clock: Callable[[], datetime]) -> None:
        self._host = host
        self._clock = clock
        self._known: frozenset[str] = frozenset()
        self._open: dict[str, _Open] = {}
        self._listening: list[threading.Thread] = []
        self.left_out = 0

    def look(self, parts: Sequence[Part]) -> None:
        """Raises PermanentError, TemporaryError: what is put aside cannot be read; OSError: nothing can be told."""
        now, clock = time.monotonic(), self._clock()
        against = {
            part.key: part
            for part in parts
            if isinstance(part, Scrubbing) and part.until is not None and not has_expired(part, clock)
        }
        fresh = [part for key, part in against.items() if key not in self._known]
        self._known = frozenset(against)
        if not fresh and not self._open:
            return
        heads = take_heads(self._host)
        if heads is None:
            for port in (part.dirty_port for part in parts if isinstance(part, Scrubber)):
                self._listen(port, fresh)
            return
        self._gather(heads, now)
        for part in fresh:
            if len(self._open) >= _MOST:
                self._leave_out()
            else:
                self._open[part.key] = _Open(part.contract, ip_network(part.prefix), now)
        self._close(now)

    # -- of an XDP program ---------------------------------------------------------------------------

    def _gather(self, heads: Iterable[Head], now: float) -> None:
        wall, uptime = round(self._clock().timestamp() * 10**6), round(now * 10**9)
        for each in self._open.values():
            each.in_second = 0
        for head in heads:
            found = self._of(head.start)
            if found is not None and head.at >= (found.begun - 1.0) * 10**9:
                found.take(Packet(wall - (uptime - head.at) // 1000, head.size, head.start), now)

    def _of(self, packet: bytes) -> _Open | None:
        """Whose it is: the most specific target it goes to."""
        is_v6 = packet[:1] >= b"\x60"
        told = packet[24:40] if is_v6 else packet[16:20]
        if len(told) != (16 if is_v6 else 4):
            return None
        address = ip_address(told)
        mine = (e for e in self._open.values() if e.target.version == address.version and address in e.target)
        return max(mine, key=lambda each: each.target.prefixlen, default=None)

    def _close(self, now: float) -> None:
        for key, each in tuple(self._open.items()):
            if each.is_done(now):
                del self._open[key]
                if each.packets:
                    at = each.packets[0].at // 10**6
                    tell_pcap(Lane(self._lane(), _BYTES), each.contract, each.target, at, pcap(each.packets))

    # -- of a filter ---------------------------------------------------------------------------------

    def _listen(self, port: str, fresh: Iterable[Scrubbing]) -> None:
        self._listening = [each for each in self._listening if each.is_alive()]
        for part in fresh:
            if len(self._listening) >= _LISTENING:
                self._leave_out()
                continue
            thread = threading.Thread(target=self._capture, args=(port, part), name="excerpt", daemon=True)
            self._listening.append(thread)
            thread.start()

    def _capture(self, port: str, part: Scrubbing) -> None:
        at = round(self._clock().timestamp())
        try:
            tell_excerpt(self._lane(), port, part.contract, ip_network(part.prefix), at)
        except OSError as error:
            print(f"no excerpt of {part.prefix} on {port}: {error}", file=sys.stderr, flush=True)

    def _lane(self) -> Path:
        return Path(self._host.state(LANES, "excerpts"))

    def _leave_out(self) -> None:
        self.left_out += 1
        print(f"{self.left_out} excerpts were left out: too many at once", file=sys.stderr, flush=True)
