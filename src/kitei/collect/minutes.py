"""History by the minute, as seconds to learn from and to judge: what is certain of it, and no more.

Of a minute the history holds each counter's sum and its fullest second; second by second only what was in alarm.
Learned from is therefore the fullest second of every minute. Hosts below the level from which they are told left no
rows: the busiest of them reached neither that level nor what came to its prefix, and is taken for just below both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import ip_address, ip_network
from itertools import groupby
from typing import Final, NamedTuple

from kitei.collect.counters import METRICS, Address, Counters, Network, Second
from kitei.collect.detection import figures
from kitei.collect.policy import Book, Scope

MINUTE: Final = 60
_NAMES: Final = tuple(
    each.name for each in fields(Counters) if each.name not in {"ports", "spilled", "samples"}
)
Levels = Mapping[Network, Mapping[str, int]]
"""From which figure on a host of a prefix was told, by metric; a metric that is not named had no such level."""


class Row(NamedTuple):
    """What came towards a target: in `seconds` seconds of the minute that begins with `at`, summed and in the
    fullest of them; or in the one second `at` itself, where `seconds` is 0 and both are the same."""

    at: int
    scope: Scope
    target: str
    seconds: int
    sums: Counters
    mosts: Counters


@dataclass(frozen=True, slots=True)
class Past:
    """What is learned from: the minutes that were judged (some without a row: nothing came), rows of minutes and
    of single seconds, each in order, and the spans (first, last second) that were in alarm, by policy."""

    judged: tuple[int, ...]
    minutes: tuple[Row, ...]
    seconds: tuple[Row, ...]
    alarmed: tuple[tuple[str, int, int], ...]
    levels: Levels

    def alarmed_minutes(self) -> Mapping[str, frozenset[int]]:
        """The minutes that an alarm of a policy touched: they are not usual."""
        found: dict[str, set[int]] = {}
        for policy, first, last in self.alarmed:
            found.setdefault(policy, set()).update(range(first - first % MINUTE, last + 1, MINUTE))
        return {policy: frozenset(minutes) for policy, minutes in found.items()}


def usual_seconds(past: Past) -> Iterator[Second]:
    """The fullest second of every minute that was judged, one after another: what `learn` learns from."""
    told = {at: tuple(rows) for at, rows in groupby(past.minutes, key=lambda row: row.at)}
    for at in past.judged:
        second = _second(at, ((row, row.mosts) for row in told.get(at, ())))
        hosts = dict(second.hosts)
        for network, counters in second.prefixes.items():
            untold = _below(counters, past.levels.get(network, {}))
            first = network.network_address
            hosts[first] = _fullest(hosts[first], untold) if first in hosts else untold
        yield Second(at, hosts, second.prefixes, len(hosts))


def judged_seconds(past: Past, *books: Book) -> Iterator[Second]:
    """Seconds to be judged by any of these books: of minutes in which a target came near a threshold, every second
    counted as full as the fullest, unless it is known itself. So alarms are as many as there can have been.
    """
    exact: dict[tuple[Scope, str], dict[int, Counters]] = {}
    for row in past.seconds:
        exact.setdefault((row.scope, row.target), {})[row.at] = row.sums
    for at, several in groupby(past.minutes, key=lambda row: row.at):
        rows = tuple(several)
        fullest = _second(at, ((row, row.mosts) for row in rows))
        if any(_is_near(fullest, book) for book in books):
            known = [exact.get((row.scope, row.target), {}) for row in rows]
            for second in range(at, at + MINUTE):
                yield _second(
                    second,
                    ((row, _in_second(row, each, second)) for row, each in zip(rows, known, strict=True)),
                )


def _second(at: int, several: Iterable[tuple[Row, Counters | None]]) -> Second:
    hosts: dict[Address, Counters] = {}
    prefixes: dict[Network, Counters] = {}
    for row, counters in several:
        if counters is not None and row.scope == "host":
            hosts[ip_address(row.target)] = counters
        elif counters is not None:
            prefixes[ip_network(row.target)] = counters
    return Second(at, hosts, prefixes, len(hosts))


def _in_second(row: Row, known: Mapping[int, Counters], second: int) -> Counters | None:
    """What came in a second of a minute: as known, else at most; None after as many as it had."""
    found = known.get(second)
    if found is not None:
        return found
    if any(row.at <= each < row.at + MINUTE for each in known):
        return _shared(row)  # the fullest is among those that are known
    return row.mosts if second < row.at + row.seconds else None


def _shared(row: Row) -> Counters:
    """A second of a minute's mean."""
    lasted = max(1, row.seconds)
    values = {name: getattr(row.sums, name) // lasted for name in _NAMES if name != "sources"}
    return Counters(**values, sources=row.mosts.sources)


def _is_near(second: Second, book: Book) -> bool:
    """Whether any figure reaches the level at which an alarm could begin, or go on."""
    return any(
        value and counters.figure(metric) * 100 >= value * policy.timing.release_percent
        for policy, _, _, counters, thresholds in figures(book, second)
        for metric, value in thresholds.items()
    )


def _holds(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


def _below(counters: Counters, levels: Mapping[str, int]) -> Counters:
    """The most that one host of a prefix can have had without being told of."""
    values = {name: getattr(counters, name) for name in _NAMES}
    for metric, level in levels.items():
        name, factor = METRICS[metric]
        if name in values:
            values[name] = min(values[name], max(0, (level - 1) // factor))
    return Counters(**values)


def _fullest(one: Counters, other: Counters) -> Counters:
    return Counters(**{name: max(getattr(one, name), getattr(other, name)) for name in _NAMES})


def levels_of(books: Sequence[Book]) -> Levels:
    """From where on hosts were told under every one of the books that held in turn: the highest level of each."""
    limits = [book.limits() for book in books]
    found: dict[Network, dict[str, int]] = {}
    for network in _networks(books):
        several = [_limit_over(each, network) for each in limits]
        known = set.intersection(*(set(each) for each in several)) if several else set()
        found[network] = {metric: max(each[metric] for each in several) for metric in sorted(known)}
    return found


def _limit_over(limits: Levels, network: Network) -> Mapping[str, int]:
    """The levels of the narrowest prefix that holds a network; none where it was not watched."""
    holding = [each for each in limits if _holds(each, network)]
    return limits[max(holding, key=lambda each: each.prefixlen)] if holding else {}


def _networks(books: Iterable[Book]) -> tuple[Network, ...]:
    found = {each for book in books for policy in book.policies for each in policy.prefixes}
    return tuple(sorted(found, key=lambda each: (each.version, int(each.network_address), each.prefixlen)))
