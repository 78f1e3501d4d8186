"""Which of a gateway's rules never decide on anything, since an earlier one covers them: found without comparing each with each.

What covers a rule has room for the first of its sources, of its destinations and of its services. So rules are kept by
the prefixes that they name, ports too as prefixes of 16 bits, and only those that name one of the few around a rule's
firsts are compared with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from math import prod
from typing import Final, TypeAlias

from kitei.network.access import FilterRule
from kitei.network.access_filter import Network, covers, networks_of

_Prefix: TypeAlias = tuple[str, int, int]
"""What space (a family, a protocol), how many bits, and these bits as a number."""

_Place: TypeAlias = tuple[_Prefix, ...]  # of sources, destinations, services
_Meant: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_ANY: Final[_Prefix] = ("any", 0, 0)
_SOME: Final[_Prefix] = ("some", 0, 0)  # not told apart: all but something, or too much to be kept by
_PORT_BITS: Final = 16
_MOST: Final = 256  # places by which one rule is kept
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def shadowed(rules: Sequence[FilterRule]) -> dict[str, str]:
    """Of rules in order: by which earlier one each is covered, and so never decides on anything."""
    kept, found = _Kept(), dict[str, str]()
    for rule in rules:
        over = kept.first_over(rule)
        if over is not None:
            found[rule.name] = over.name  # whatever it covers, the other does too
        else:
            kept.add(rule)
    return found


@dataclass(slots=True)
class _Kept:
    """Rules that nothing covers, by their places. `of` are those that mean the same and last ever longer."""

    at: dict[_Place, dict[_Meant, None]] = field(default_factory=dict)
    of: dict[_Meant, list[tuple[int, FilterRule]]] = field(default_factory=dict)
    bits: tuple[set[tuple[str, int]], ...] = field(default_factory=lambda: (set(), set(), set()))
    count: int = 0

    def add(self, rule: FilterRule) -> None:
        self.count += 1
        alike = self.of.setdefault(meant := _meant(rule), [])
        alike.append((self.count, rule))
        if len(alike) > 1:
            return
        for place in _places(rule):
            self.at.setdefault(place, {})[meant] = None
            for bits, (space, length, _) in zip(self.bits, place, strict=True):
                bits.add((space, length))

    def first_over(self, rule: FilterRule) -> FilterRule | None:
        firsts = (_first_net(rule.sources), _first_net(rule.destinations), _first_service(rule.services))
        around = (tuple(_around(first, bits)) for first, bits in zip(firsts, self.bits, strict=True))
        near = dict.fromkeys(meant for place in product(*around) for meant in self.at.get(place, ()))
        over = (each for meant in near if (each := _lasting(self.of[meant], rule)) and covers(each[1], rule))
        return min(over, key=lambda each: each[0], default=(0, None))[1]


def _meant(rule: FilterRule) -> _Meant:
    return rule.sources, rule.destinations, rule.services


def _lasting(alike: Sequence[tuple[int, FilterRule]], rule: FilterRule) -> tuple[int, FilterRule] | None:
    """The first of rules that mean the same that lasts as long as a rule does. Each lasts longer than those before it,
    or it would be covered by one of them."""
    low, high, end = 0, len(alike), _end(rule)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _end(alike[middle][1]) >= end else (middle + 1, high)
    return alike[low] if low < len(alike) else None


def _end(rule: FilterRule) -> datetime:
    return _NEVER if rule.until is None else datetime.fromisoformat(rule.until)


def _places(rule: FilterRule) -> Iterator[_Place]:
    """Where a rule is kept: by all that it names, but for the longest of its lists where that were too many places."""
    lists = [tuple(_nets(rule.sources)), tuple(_nets(rule.destinations)), tuple(_services(rule.services))]
    while prod(map(len, lists)) > _MOST and sum(len(each) > 1 for each in lists) > 1:
        longest = max(range(3), key=lambda n: len(lists[n]))
        lists[longest] = (_SOME,)
    yield from product(*lists)


def _around(first: _Prefix, bits: Iterable[tuple[str, int]]) -> Iterator[_Prefix]:
    """Every prefix that holds the first, of the lengths there are."""
    yield from (_ANY, _SOME)
    space, length, value = first
    if first != _ANY:
        yield from ((space, n, value >> (length - n)) for name, n in bits if name == space and n <= length)


def _nets(prefixes: tuple[str, ...]) -> Iterator[_Prefix]:
    if not prefixes:
        yield _ANY
    elif prefixes[0].startswith("!"):
        yield _SOME
    else:
        yield from map(_net, networks_of(prefixes))


def _net(net: Network) -> _Prefix:
    return f"IPv{net.version}", net.prefixlen, int(net.network_address) >> (net.max_prefixlen - net.prefixlen)


def _first_net(prefixes: tuple[str, ...]) -> _Prefix:
    """All but something has no first: what covers it leaves out as little."""
    return _ANY if not prefixes or prefixes[0].startswith("!") else _net(networks_of(prefixes)[0])


def _services(services: tuple[str, ...]) -> Iterator[_Prefix]:
    if not services:
        yield _ANY
    for each in services:
        name, low, high = _ports(each)
        yield from ((name, 0, 0),) if low is None else _blocks(name, low, high)


def _first_service(services: tuple[str, ...]) -> _Prefix:
    if not services:
        return _ANY
    name, low, _ = _ports(services[0])
    return (name, 0, 0) if low is None else (name, _PORT_BITS, low)


def _ports(service: str) -> tuple[str, int | None, int]:
    """A protocol and its ports from the first to the last; without ports the protocol as a whole."""
    name, _, ports = service.partition("/")
    if not ports or name in ("icmp", "proto"):
        return service, None, 0
    low, _, high = ports.partition("-")
    return name, int(low), int(high or low)


def _blocks(name: str, low: int, high: int) -> Iterator[_Prefix]:
    """The largest prefixes of ports that make up a range, that included."""
    while low <= high:
        bits = min((low & -low).bit_length() - 1 if low else _PORT_BITS, (high - low + 1).bit_length() - 1)
        yield name, _PORT_BITS - bits, low >> bits
        low += 1 << bits
