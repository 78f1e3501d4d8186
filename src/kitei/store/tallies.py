"""Questions to the history of floods: who sent and received how much, day by day, and an attack second by second.

Instants are unix seconds, spans from `first` to before `until`. Days are Asia/Tokyo. Bytes and packets are
scaled by sampling; flows and ports are those that were kept, not all there were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, get_args

from kitei.network.sheaf import MINUTE, day_at, first_second
from kitei.store.history import History
from kitei.values import Month

By = Literal["source", "port", "target", "protocol"]
BYS: Final = get_args(By)
_OFFSET: Final = 9 * 3600  # Asia/Tokyo has no summer time
_PROTOCOLS: Final[Mapping[int, str]] = MappingProxyType({1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"})


@dataclass(frozen=True, slots=True)
class Top:
    """One of the greatest: what it is called, and what came of it. `bytes` is None where only packets are known."""

    name: str
    packets: int
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """A contract's day: what came, its fullest minute in bits and packets a second, the seconds that were judged."""

    day: date
    bytes: int
    packets: int
    most_bps: int
    most_pps: int
    judged: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The fullest second towards a target while it was under attack; `seconds` had figures of their own."""

    bps: int
    pps: int
    seconds: int
    bytes: int
    packets: int
    sources: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One flow that was kept."""

    at: int
    src: str
    sport: int
    dst: str
    dport: int
    protocol: int
    bytes: int
    packets: int
    flags: int
    exporter: str


def top(
    history: History, by: By, first: int, until: int, *, contract: str | None = None, most: int = 20
) -> tuple[Top, ...]:
    """The greatest by bytes (ports: by packets). Sources come of the flows that were kept during attacks."""
    if by == "protocol":
        return _by_protocol(history, first, until, contract)
    kind, name, size, which = _TOPS[by]
    sql = f"""WITH meant AS (SELECT * FROM lines
            WHERE moment >= $first AND moment < $until AND ($contract IS NULL OR contract = $contract))
        SELECT {name}, sum(packets), {size} FROM meant WHERE {which}
        GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 2 DESC, 1 LIMIT $most"""
    values = {"first": first, "until": until, "contract": contract, "most": most}
    rows = history.query(kind, day_at(first), day_at(max(first, until - 1)), sql, values)
    return tuple(
        Top(name, int(packets), None if total is None else int(total)) for name, packets, total in rows
    )


_TOPS: Final[Mapping[str, tuple[str, str, str, str]]] = MappingProxyType(
    {  # the kind of rows, what names one, its bytes, and which rows count: hosts where there are any
        "target": ("minute", "target", "sum(bytes)", "scope = (SELECT min(scope) FROM meant)"),
        "source": ("flow", "src", "sum(bytes)", "true"),
        "port": ("port", "port::VARCHAR", "NULL", "target LIKE '%/%'"),
    }
)


def _by_protocol(history: History, first: int, until: int, contract: str | None) -> tuple[Top, ...]:
    sql = """SELECT sum(tcp), sum(tcp_bytes), sum(udp), sum(udp_bytes), sum(icmp), sum(icmp_bytes),
        sum(packets), sum(bytes) FROM lines WHERE scope = 'prefix' AND moment >= $first AND moment < $until
        AND ($contract IS NULL OR contract = $contract)"""
    values = {"first": first, "until": until, "contract": contract}
    (row,) = history.query("minute", day_at(first), day_at(max(first, until - 1)), sql, values)
    sums = [int(each or 0) for each in row]
    found = [Top(name, sums[2 * n], sums[2 * n + 1]) for n, name in enumerate(("tcp", "udp", "icmp"))]
    rest = Top("other", sums[6] - sum(each.packets for each in found), sums[7] - sum(sums[1:6:2]))
    return tuple(sorted((*found, rest), key=lambda each: (-(each.bytes or 0), each.name)))


def daily(history: History, contract: str, month: Month) -> tuple[Daily, ...]:
    """Every day of a month that has something, in order. Bits and packets of a minute are means over it."""
    sql = f"""WITH minutes AS (
            SELECT moment, sum(bytes) AS bytes, sum(packets) AS packets FROM lines
            WHERE scope = 'prefix' AND contract = $contract GROUP BY moment)
        SELECT (moment + {_OFFSET}) // 86400, sum(bytes), sum(packets), max(bytes), max(packets)
        FROM minutes GROUP BY 1 ORDER BY 1"""
    rows = history.query("minute", month.first, month.last, sql, {"contract": contract})
    seen = {int(day): rest for day, *rest in rows}
    sql = f"""WITH told AS (  -- of several collectors the one that judged most of a minute
            SELECT moment, max(seconds) AS seconds FROM (SELECT moment, contract, sum(number) AS seconds FROM lines
            WHERE what = 'seconds' GROUP BY moment, contract) GROUP BY moment)
        SELECT (moment + {_OFFSET}) // 86400, sum(least(seconds, 60)) FROM told GROUP BY 1"""
    judged = {int(day): int(count) for day, count in history.query("note", month.first, month.last, sql, {})}
    found = []
    for number in sorted(seen.keys() | judged.keys()):
        size, packets, most, most_packets = (int(each) for each in seen.get(number, (0, 0, 0, 0)))
        day = day_at(number * 86400 - _OFFSET)
        bps, pps = most * 8 // MINUTE, most_packets // MINUTE
        found.append(Daily(day, size, packets, bps, pps, min(86400, judged.get(number, 0))))
    return tuple(found)


def peak(history: History, contract: str, target: str, first: int, until: int) -> Peak | None:
    """How great an attack was; None where no second of it was kept."""
    sql = """WITH seconds AS (SELECT moment, sum(bytes) AS bytes, sum(packets) AS packets, max(sources) AS sources
            FROM lines WHERE contract = $contract AND target = $target AND moment >= $first AND moment < $until GROUP BY moment)
        SELECT max(bytes), max(packets), count(*), sum(bytes), sum(packets), max(sources) FROM seconds"""
    values = {"contract": contract, "target": target, "first": first, "until": until}
    rows = history.query("second", day_at(first), day_at(max(first, until - 1)), sql, values)
    ((size, packets, count, all_bytes, all_packets, sources),) = rows
    if not count:
        return None
    return Peak(int(size) * 8, int(packets), count, int(all_bytes), int(all_packets), int(sources))


def seconds(
    history: History, contract: str, target: str, first: int, until: int, most: int = 3600
) -> tuple[tuple[int, int, int], ...]:
    """(second, bits, packets) towards a target under attack, in order; where there are more than `most`, the
    fullest of each of `most` equal stretches."""
    step = max(1, -(-(until - first) // most))
    sql = f"""WITH seconds AS (SELECT moment, sum(bytes) AS bytes, sum(packets) AS packets FROM lines
            WHERE contract = $contract AND target = $target AND moment >= $first AND moment < $until GROUP BY moment)
        SELECT $first + (moment - $first) // {step} * {step} AS stretch, max(bytes) * 8, max(packets)
        FROM seconds GROUP BY stretch ORDER BY stretch"""
    values = {"contract": contract, "target": target, "first": first, "until": until}
    rows = history.query("second", day_at(first), day_at(max(first, until - 1)), sql, values)
    return tuple((int(at), int(bits), int(packets)) for at, bits, packets in rows)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What scrubbers were given and let pass; `most_passed_bps` is the mean of the fullest few seconds that one told."""

    offered_bytes: int
    passed_bytes: int
    seconds: int
    most_passed_bps: int
    dropped: tuple[Top, ...]


def scrubbed(history: History, contract: str, first: int, until: int) -> Scrubbed | None:
    """What was scrubbed for a contract in a span, and why packets were dropped; None where nothing was."""
    where = "WHERE contract = $contract AND moment >= $first AND moment < $until"
    values = {"contract": contract, "first": first, "until": until}
    days = day_at(first), day_at(max(first, until - 1))
    sql = f"""SELECT count(*), sum(offered_bytes), sum(passed_bytes), sum(seconds),
        max(passed_bytes * 8 // greatest(seconds, 1)) FROM lines {where}"""
    ((count, offered, passed, lasted, most),) = history.query("scrub", *days, sql, values)
    if not count:
        return None
    sql = f"""SELECT what, sum(packets) FROM lines {where} GROUP BY what HAVING sum(packets) > 0
        ORDER BY 2 DESC, 1"""
    reasons = tuple(Top(what, int(n)) for what, n in history.query("dropped", *days, sql, values))
    return Scrubbed(int(offered), int(passed), int(lasted), int(most), reasons)


def samples(
    history: History, contract: str, target: str, first: int, until: int, most: int = 50
) -> tuple[Sample, ...]:
    """Flows towards a host that were kept, in their order; of a prefix those towards any host of the contract."""
    where = "" if "/" in target else "AND dst = $target"
    sql = f"""SELECT moment, src, sport, dst, dport, protocol, bytes, packets, flags, exporter FROM lines
        WHERE contract = $contract AND moment >= $first AND moment < $until {where}
        ORDER BY moment, src, sport, dst, dport, protocol, bytes LIMIT $most"""
    values: dict[str, object] = {"contract": contract, "first": first, "until": until, "most": most}
    if where:
        values["target"] = target
    rows = history.query("flow", day_at(first), day_at(max(first, until - 1)), sql, values)
    return tuple(Sample(*row) for row in rows)


def sources(
    history: History, contract: str, target: str, first: int, until: int, most: int = 10
) -> tuple[Top, ...]:
    """Who sent most to a target, of the flows that were kept."""
    where = "" if "/" in target else "AND dst = $target"
    sql = f"""SELECT src, sum(packets), sum(bytes) FROM lines
        WHERE contract = $contract AND moment >= $first AND moment < $until {where}
        GROUP BY src ORDER BY 3 DESC, 1 LIMIT $most"""
    values: dict[str, object] = {"contract": contract, "first": first, "until": until, "most": most}
    if where:
        values["target"] = target
    rows = history.query("flow", day_at(first), day_at(max(first, until - 1)), sql, values)
    return tuple(Top(src, int(packets), int(size)) for src, packets, size in rows)


def ports(
    history: History, contract: str, target: str, first: int, until: int, most: int = 10
) -> tuple[Top, ...]:
    """The destination ports of most packets to the prefix or host, by the minutes the span touches."""
    sql = """SELECT port::VARCHAR, sum(packets) FROM lines WHERE contract = $contract AND target = $target
        AND moment >= $first AND moment < $until GROUP BY port ORDER BY 2 DESC, port LIMIT $most"""
    since = first - MINUTE + 1  # the minute that the span begins in
    values = {"contract": contract, "target": target, "first": since, "until": until, "most": most}
    rows = history.query("port", day_at(since), day_at(max(since, until - 1)), sql, values)
    return tuple(Top(port, int(packets)) for port, packets in rows)


def protocol_name(number: int) -> str:
    return _PROTOCOLS.get(number, str(number))


def month_seconds(month: Month) -> tuple[int, int]:
    """A month's first second and the second after its last."""
    return first_second(month.first), first_second(month.plus(1).first)
