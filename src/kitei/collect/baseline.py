"""What is usual: learned from seconds of counters, as thresholds that usual traffic would not have reached."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kitei.collect.counters import METRICS, Second, together
from kitei.collect.policy import Book, Policy, Scope
from kitei.values import Json, JsonObject

# Below these a threshold would raise alarms about nothing, however quiet a network was while it was learned.
FLOORS: Final[Mapping[str, int]] = {
    "bps": 10_000_000,
    "pps": 5_000,
    "flows": 1_000,
    "tcp-bps": 10_000_000,
    "tcp-pps": 5_000,
    "syn-pps": 500,
    "udp-bps": 5_000_000,
    "udp-pps": 2_000,
    "amplified-bps": 2_000_000,
    "icmp-bps": 1_000_000,
    "icmp-pps": 500,
    "fragment-pps": 500,
    "other-bps": 2_000_000,
    "other-pps": 1_000,
}


@dataclass(frozen=True, slots=True)
class Learning:
    """How a threshold is drawn from history: the given share of the seconds, as parts of 10,000, lies below
    it; then `margin_percent` of that, never below the floor."""

    share: int = 9_990
    margin_percent: int = 150
    floors: Mapping[str, int] = field(default_factory=lambda: FLOORS)


@dataclass(frozen=True, slots=True)
class Usual:
    """One metric of one policy's scope over the learned seconds: its median, its high quantile, its peak, and
    the threshold that follows. Of hosts: the busiest in each second."""

    median: int
    high: int
    peak: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was learned, from the first to the last second, of which some were left out for an alarm."""

    first: int
    last: int
    seconds: int
    left_out: int
    usual: Mapping[tuple[str, Scope, str], Usual]  # policy, scope, metric

    def recommended(self, policy: str, scope: Scope, metric: str) -> int | None:
        found = self.usual.get((policy, scope, metric))
        return found.threshold if found else None

    def json(self) -> JsonObject:
        rows: list[Json] = [
            {
                "policy": policy,
                "scope": scope,
                "metric": metric,
                "median": usual.median,
                "high": usual.high,
                "peak": usual.peak,
                "threshold": usual.threshold,
            }
            for (policy, scope, metric), usual in sorted(self.usual.items())
        ]
        return {
            "first": self.first,
            "last": self.last,
            "seconds": self.seconds,
            "left_out": self.left_out,
            "usual": rows,
        }


def baseline_of(written: Any) -> Baseline:
    """What `Baseline.json` wrote. ValueError says what is missing."""
    try:
        usual: dict[tuple[str, Scope, str], Usual] = {
            (row["policy"], row["scope"], row["metric"]): Usual(
                int(row["median"]), int(row["high"]), int(row["peak"]), int(row["threshold"])
            )
            for row in written["usual"]
        }
        return Baseline(
            int(written["first"]),
            int(written["last"]),
            int(written["seconds"]),
            int(written["left_out"]),
            usual,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"is not a baseline as `kitei ddos reage --baseline` writes it: {error}") from None


def learn(
    book: Book,
    history: Iterable[Second],
    alarmed: Mapping[str, frozenset[int]],
    learning: Learning | None = None,
) -> Baseline:
    """Learn from whole seconds (every host told). `alarmed`: the seconds in which a policy was in alarm; they
    are not usual and are left out for it."""
    learning = learning or Learning()
    values: dict[tuple[str, Scope, str], Counter[int]] = {}
    first = last = left_out = seconds = 0
    for second in history:
        if second.unheard:
            continue
        first, last, seconds = first or second.at, second.at, seconds + 1
        busiest = _busiest(book, second)
        for policy in book.policies:
            if second.at in alarmed.get(policy.name, frozenset()):
                left_out += 1
                continue
            totals = _largest_prefix(policy, second)
            for metric in METRICS:
                host = busiest.get((policy.name, metric), 0)
                values.setdefault((policy.name, "host", metric), Counter())[_rough(host)] += 1
                values.setdefault((policy.name, "prefix", metric), Counter())[_rough(totals[metric])] += 1
    usual = {key: _usual(key[2], each, learning) for key, each in values.items()}
    return Baseline(first, last, seconds, left_out, usual)


def _busiest(book: Book, second: Second) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for address, counters in second.hosts.items():
        for policy in book.of(address):
            for metric in METRICS:
                key = policy.name, metric
                found[key] = max(found.get(key, 0), counters.figure(metric))
    return found


def _largest_prefix(policy: Policy, second: Second) -> dict[str, int]:
    sums = []
    for network in policy.prefixes:
        parts = [
            counters
            for each, counters in second.prefixes.items()
            if each.version == network.version
            and each.prefixlen >= network.prefixlen
            and each.network_address in network
        ]
        sums.append(together(parts))
    return {metric: max(each.figure(metric) for each in sums) for metric in METRICS}


def _usual(metric: str, values: Counter[int], learning: Learning) -> Usual:
    count = values.total()
    high = _ranked(values, min(count - 1, count * learning.share // 10_000))
    threshold = max(round_up(high * learning.margin_percent // 100), learning.floors[metric])
    return Usual(_ranked(values, count // 2), high, max(values), threshold)


def _ranked(values: Counter[int], rank: int) -> int:
    """The value at `rank` (from 0) in ascending order."""
    for value in sorted(values):
        rank -= values[value]
        if rank < 0:
            return value
    return max(values)


def _unit(value: int, digits: int) -> int:
    return int(10 ** max(0, len(str(value)) - digits))


def _rough(value: int) -> int:
    """To three significant digits, upwards: weeks of seconds need some thousands of counters, not millions."""
    unit = _unit(value, 3)
    return -(-value // unit) * unit


def round_up(value: int) -> int:
    """To two significant digits, upwards: 1,234 → 1,300."""
    unit = _unit(value, 2)
    return -(-value // unit) * unit
