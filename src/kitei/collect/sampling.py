"""Which flows to look at one by one, while something is too much and now and then, and what they say of their
sources."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Final

from kitei.collect.counters import Address, Network
from kitei.collect.detection import Key, Target, Watches
from kitei.collect.meter import TAP_TARGETS, Flow
from kitei.collect.policy import Book

SAMPLE: Final = 256
CALM: Final = 16
"""Flows that are looked at of every tenth second while nothing is too much, so that days without attacks show who
sends as well. 5,760 an hour at most."""
_SELDOM: Final = 10
_CLOSELY: Final = 10  # seconds of an alarm in which every second is looked at; later one in ten
_UDP: Final = 17
_ENOUGH: Final = 1_000  # packets after which the ports are known, and older ones begin to fade

Asked = tuple[int, tuple[Address | Network, ...]]


@dataclass(slots=True)
class Sampling:
    """`has_news`: the sample told source ports of an alarm of which none were known."""

    has_news: bool = False
    _ports: dict[Key, Counter[int]] = field(default_factory=dict)

    def take(self, flows: Iterable[Flow], watches: Watches) -> None:
        """Learn from a second's sample, and forget what is no longer watched."""
        self._ports = {key: ports for key, ports in self._ports.items() if key in watches}
        udp = [each for each in flows if each.protocol == _UDP and not each.fragment]
        if not udp:
            return
        for key, watch in watches.items():
            packets = Counter[int]()
            for each in udp:
                if _is_towards(each, key[2]):
                    packets[each.sport] += each.packets
            if not packets:
                continue
            known = self._ports.get(key)
            self.has_news |= known is None and watch.alarmed is not None
            if known is not None and known.total() > _ENOUGH:
                known = Counter({port: count // 2 for port, count in known.items() if count > 1})
            self._ports[key] = Counter(dict(((known or Counter()) + packets).most_common(SAMPLE)))

    def wanted(self, at: int, watches: Watches, book: Book | None = None) -> Asked:
        """What to ask for in the second after `at`: flows to what is over, or has been in alarm for a while; else
        now and then a few to what is protected, of very many prefixes some each time."""
        targets = [
            key[2]
            for key, watch in watches.items()
            if watch.over or (watch.alarmed is not None and (at - watch.alarmed < _CLOSELY or at % 10 == 0))
        ]
        if targets:
            return SAMPLE, tuple(targets[:TAP_TARGETS])
        if at % _SELDOM or book is None or not book.policies:
            return 0, ()
        protected = dict.fromkeys(each for policy in book.policies for each in policy.prefixes)
        turns = -(-len(protected) // TAP_TARGETS)
        first = at // _SELDOM % turns * TAP_TARGETS
        return CALM, tuple(islice(protected, first, first + TAP_TARGETS))

    def source_ports(self, key: Key, most: int = 3) -> tuple[tuple[int, int], ...]:
        """The UDP ports that most packets to a target come from, with the packets sampled."""
        return tuple(self._ports.get(key, Counter[int]()).most_common(most))


def _is_towards(flow: Flow, target: Target) -> bool:
    if isinstance(target, IPv4Address | IPv6Address):
        return flow.dst == target
    return flow.dst.version == target.version and flow.dst in target
