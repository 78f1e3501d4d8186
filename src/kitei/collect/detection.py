"""From seconds of counters to alarms and their end. Pure: the same seconds give the same decisions, always."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType
from typing import Final, Literal

from kitei.collect.counters import METRICS, Address, Counters, Network, Second, shown, together
from kitei.collect.guarding import Doubt, doubt, is_clear
from kitei.collect.policy import Book, Policy, Scope, Thresholds
from kitei.values import JsonObject, Language, Words

PARTS: Final = 5
"""So many times each second is looked at, the last time when it is over."""

Kind = Literal["alarm", "held", "release"]
Target = Address | Network
Key = tuple[str, Scope, Target]

_KINDS: Final[Mapping[Kind, Words]] = {
    "alarm": Words("警報", "alarm"),
    "held": Words("保留", "held"),
    "release": Words("解除", "release"),
}
_SCOPES: Final[Mapping[Scope, Words]] = {
    "host": Words("ホスト", "host"),
    "prefix": Words("プレフィックス全体", "whole prefix"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a target in the second that began at `at`, by which policy, and on which figure.

    A held decision says that an excess was not believed, and why; it is said once until it changes.
    """

    at: int
    kind: Kind
    policy: str
    version: str
    scope: Scope
    target: Target
    metric: str
    figure: int
    threshold: int
    since: int
    sources: int
    ports: tuple[tuple[int, int], ...]
    dry_run: bool
    why: Doubt | None = None

    def line(self, language: Language) -> str:
        """Target, cause, rate and what follows, in one line."""
        what = Words(
            f"{self.metric} {shown(self.figure)}(しきい値 {shown(self.threshold)})",
            f"{self.metric} {shown(self.figure)} (threshold {shown(self.threshold)})",
        )
        begun = Words(f"{self.at - self.since + 1} 秒目", f"second {self.at - self.since + 1}")
        ports = ",".join(str(port) for port, _ in self.ports) or "-"
        seen = Words(
            f"送信元 約{self.sources}, ポート {ports}", f"about {self.sources} sources, ports {ports}"
        )
        dry = Words(" [試行]", " [dry run]") if self.dry_run else Words("", "")
        why = self.why.words if self.why else Words("", "")
        words = [_KINDS[self.kind], _SCOPES[self.scope], what, begun, seen, why]
        said = [each.to(language) for each in words if each.to(language)]
        return f"{self.at} {said[0]} {self.policy} {self.target} {', '.join(said[1:])}{dry.to(language)}"

    def json(self) -> JsonObject:
        return {
            "at": self.at,
            "kind": self.kind,
            "policy": self.policy,
            "version": self.version,
            "scope": self.scope,
            "target": str(self.target),
            "metric": self.metric,
            "figure": self.figure,
            "threshold": self.threshold,
            "since": self.since,
            "sources": self.sources,
            "ports": [[port, packets] for port, packets in self.ports],
            "dry_run": self.dry_run,
            "why": self.why.name if self.why else None,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one target under one policy.

    `over` are the seconds of the window in which an excess was believed, `clear` those of them in which it was
    beyond question, `since` the first of the present
    excess, `alarmed` when it became an alarm. `calm` is how long it must stay low; it grows with each return.
    """

    over: tuple[int, ...] = ()
    since: int = 0
    high_at: int = 0
    excess_from: int = 0
    alarmed: int | None = None
    held: str = ""
    released: int | None = None
    calm: int = 0
    last: tuple[str, int, int] = ("", 0, 0)
    clear: tuple[int, ...] = ()


Watches = Mapping[Key, Watch]
NO_WATCHES: Final[Watches] = MappingProxyType({})

WATCHED: Final = 32_768
"""Hosts that are watched at once: twice what one second tells, and what is judged well within one."""

ALARMED: Final = 4096
"""Of them those in alarm: what a controller is told of in one word, and more than is ever answered one by one."""


def judge(book: Book, watches: Watches, second: Second) -> tuple[Watches, tuple[Decision, ...]]:
    """One second on: what is remembered now, and what was decided, in the order of policy, scope and target.

    Seconds have to come in order and none may be left out while anything is watched; one without traffic is
    an empty second. Parts of a second may come before it: they can begin an alarm, and end none.
    """
    if second.partial:
        return _judge_early(book, watches, second)
    kept: dict[Key, Watch] = {}
    decided: list[tuple[Key, Decision]] = []
    seen: set[Key] = set()
    for policy, scope, target, counters, thresholds in figures(book, second):
        key: Key = (policy.name, scope, target)
        seen.add(key)
        before = watches.get(key)
        if second.unheard and before is not None and before.alarmed is not None:
            before = replace(
                before, high_at=before.high_at + 1
            )  # others may still tell of it, but not all do
        watch, decision = _step(policy, key, before, second.at, counters, thresholds)
        if watch is not None:
            kept[key] = watch
        if decision is not None:
            decided.append((key, decision))
    policies = {policy.name: policy for policy in book.policies}
    for key, watch in watches.items():
        if key in seen or key[0] not in policies:
            continue
        if second.untold and key[1] == "host":  # it may be one that was not told: not calm, as far as we know
            kept[key] = replace(watch, high_at=second.at)
            continue
        if (
            second.unheard and watch.alarmed is not None
        ):  # neither calm nor excess: the count of calm stands still
            kept[key] = replace(watch, high_at=watch.high_at + 1)
            continue
        after, decision = _step(policies[key[0]], key, watch, second.at, _SILENCE, _NOTHING)
        if after is not None:
            kept[key] = after
        if decision is not None:
            decided.append((key, decision))
    return _within_bound(kept, decided)


def _judge_early(book: Book, watches: Watches, part: Second) -> tuple[Watches, tuple[Decision, ...]]:
    """What is too much for a whole second before it is over need not wait for its end."""
    kept = dict(watches)
    decided: list[tuple[Key, Decision]] = []
    for policy, scope, target, counters, thresholds in figures(book, part):
        key: Key = (policy.name, scope, target)
        before = watches.get(key)
        if before is not None and (before.alarmed is not None or part.at in before.clear):
            continue
        was_over = before is not None and part.at in before.over
        watch, decision = _step(policy, key, before, part.at, counters, thresholds)
        if watch is not None and part.at in (watch.clear if was_over else watch.over):
            kept[key] = watch
            if decision is not None:
                decided.append((key, decision))
    return _within_bound(kept, decided)


def _within_bound(
    kept: dict[Key, Watch], decided: list[tuple[Key, Decision]]
) -> tuple[Watches, tuple[Decision, ...]]:
    """Of more hosts than `WATCHED` those in alarm stay, first come first, then those over most often and latest;
    more than `ALARMED` of them are not in alarm.

    Of a host that does not stay nothing is decided, but the end of its alarm: who says that one began watches it.
    """
    hosts = [key for key in kept if key[1] == "host"]
    if len(hosts) > ALARMED:
        hosts.sort(key=lambda each: _claim(each, kept[each]))
        for key in hosts[ALARMED:]:
            if kept[key].alarmed is not None:
                kept[key] = replace(kept[key], alarmed=None)
        for key in hosts[WATCHED:]:
            del kept[key]
        decided = [each for each in decided if each[1].kind == "release" or _is_borne(kept, *each)]
    decided.sort(key=lambda each: _order(each[0]))
    return MappingProxyType(kept), tuple(decision for _, decision in decided)


def _is_borne(kept: Watches, key: Key, decision: Decision) -> bool:
    return key in kept and (decision.kind != "alarm" or kept[key].alarmed is not None)


def _claim(key: Key, watch: Watch) -> tuple[bool, int, int, int, str, int, int]:
    """The less, the more a host is to be watched."""
    policy, _, target = key
    place = int(target) if isinstance(target, IPv4Address | IPv6Address) else 0
    return (
        watch.alarmed is None,
        watch.alarmed or 0,
        -len(watch.over),
        -watch.high_at,
        policy,
        target.version,
        place,
    )


_SILENCE: Final = Counters()
_NOTHING: Final[Thresholds] = MappingProxyType({})
_UNWATCHED: Final = Watch()


def _order(key: Key) -> tuple[str, str, int, str]:
    target = key[2]
    return key[0], key[1], target.version, str(target)


def figures(book: Book, second: Second) -> Iterator[tuple[Policy, Scope, Target, Counters, Thresholds]]:
    for address, counters in second.hosts.items():
        for policy in book.of(address):
            yield policy, "host", address, counters, policy.of_host(address)
    parts: dict[tuple[str, Network], list[Counters]] = {}
    for each, counters in second.prefixes.items():
        for policy in book.over(each):
            if policy.prefix:
                for network in policy.prefixes:
                    if _within(each, network):
                        parts.setdefault((policy.name, network), []).append(counters)
    policies = {policy.name: policy for policy in book.policies}
    for (name, network), several in parts.items():
        policy = policies[name]
        yield policy, "prefix", network, together(several), policy.prefix


def _within(inner: Network, outer: Network) -> bool:
    same = inner.version == outer.version
    return same and inner.prefixlen >= outer.prefixlen and inner.network_address in outer


Measured = tuple[str, int, int]  # metric, figure, threshold


def _worst(measured: Iterable[Measured]) -> Measured | None:
    """That furthest beyond its threshold, the first of equals; None where there are none."""
    worst: Measured | None = None
    for each in measured:
        if worst is None or each[1] * worst[2] > worst[1] * each[2]:
            worst = each
    return worst


def _believed(
    policy: Policy, counters: Counters, over: Sequence[Measured], excess: int
) -> tuple[Measured | None, Doubt | None]:
    """The worst excess that no guard doubts, else the doubt about the worst."""
    first: Doubt | None = None
    left = list(over)
    while worst := _worst(left):
        why = doubt(policy.guards, counters, worst[0], worst[2], excess)
        if why is None:
            return worst, None
        first = first or why
        left.remove(worst)
    return None, first


def _step(
    policy: Policy, key: Key, before: Watch | None, at: int, counters: Counters, thresholds: Thresholds
) -> tuple[Watch | None, Decision | None]:
    """What becomes of one target in one second."""
    timing = policy.timing
    watch = before or _UNWATCHED
    measured = [(m, counters.figure(m), t) for m, t in thresholds.items() if t]
    high = any(figure * 100 >= threshold * timing.release_percent for _, figure, threshold in measured)
    # an excess is one without a break longer than the window
    begun = watch.excess_from if watch.high_at and at - watch.high_at <= timing.window else at
    over = [each for each in measured if each[1] >= each[2]]
    believed, why = _believed(policy, counters, over, at - begun + 1) if over else (None, None)
    clear = believed is not None and is_clear(
        policy.guards, counters, believed[0], -(-believed[2] * timing.clear_percent // 100)
    )
    watch = Watch(
        _recent(watch.over, at, timing.window, believed is not None),
        watch.since,
        at if high else watch.high_at,
        begun if high else watch.excess_from,
        watch.alarmed,
        watch.held,
        watch.released,
        watch.calm,
        believed or watch.last,
        _recent(watch.clear, at, timing.window, clear),
    )
    if watch.alarmed is not None:
        return _while_alarmed(policy, key, watch, at, counters)
    if believed and (len(watch.over) >= timing.rise or len(watch.clear) >= timing.soon):
        calm = _calm(policy, watch, at)
        watch = replace(watch, alarmed=at, since=watch.excess_from, calm=calm, held="")
        return watch, _decision(policy, key, watch, at, "alarm", believed, counters)
    worst = _worst(over)
    if why is not None and worst is not None and not believed and watch.held != why.name:
        watch = replace(watch, held=why.name, since=watch.excess_from)
        return watch, _decision(policy, key, watch, at, "held", worst, counters, why)
    return (watch if _worth_keeping(policy, watch, at) else None), None


def _recent(before: tuple[int, ...], at: int, window: int, believed: bool) -> tuple[int, ...]:
    """The seconds of the window in which an excess was believed."""
    kept = tuple(each for each in before if each > at - window) if before else before
    return (*kept, at) if believed and at not in kept else kept


def _calm(policy: Policy, watch: Watch, at: int) -> int:
    """How long it must be calm this time: twice as long as last time, where that is not long ago."""
    timing = policy.timing
    if watch.released is None or at - watch.released > timing.memory:
        return timing.calm
    return min(watch.calm * 2, max(timing.calm_most, timing.calm))


def _while_alarmed(
    policy: Policy, key: Key, watch: Watch, at: int, counters: Counters
) -> tuple[Watch, Decision | None]:
    if at - watch.high_at < watch.calm:
        return watch, None
    metric, _, threshold = watch.last
    decision = _decision(
        policy, key, watch, at, "release", (metric, counters.figure(metric), threshold), counters
    )
    return replace(watch, alarmed=None, released=at, over=(), clear=(), held=""), decision


def _worth_keeping(policy: Policy, watch: Watch, at: int) -> bool:
    remembered = watch.released is not None and at - watch.released <= policy.timing.memory
    return remembered or (watch.high_at > 0 and at - watch.high_at <= policy.timing.window)


def _decision(
    policy: Policy,
    key: Key,
    watch: Watch,
    at: int,
    kind: Kind,
    worst: tuple[str, int, int],
    counters: Counters,
    why: Doubt | None = None,
) -> Decision:
    _, scope, target = key
    metric, figure, threshold = worst
    assert metric in METRICS
    return Decision(
        at,
        kind,
        policy.name,
        policy.version,
        scope,
        target,
        metric,
        figure,
        threshold,
        watch.since,
        counters.sources,
        counters.ports,
        policy.dry_run,
        why,
    )


def forsake(book: Book, watches: Watches, at: int) -> tuple[Watches, tuple[Decision, ...]]:
    """Let go of what a changed book no longer watches: alarms that stood are released, and it is said why."""
    policies = {policy.name: policy for policy in book.policies}
    kept: dict[Key, Watch] = {}
    decided: list[tuple[Key, Decision]] = []
    for key, watch in watches.items():
        policy = policies.get(key[0])
        if policy is not None and _is_watched(policy, key):
            kept[key] = watch
        elif watch.alarmed is not None:
            worst = watch.last[0], 0, watch.last[2]
            gone = policy or Policy(key[0], ())
            decided.append((key, _decision(gone, key, watch, at, "release", worst, _SILENCE, _FORSAKEN)))
    decided.sort(key=lambda each: _order(each[0]))
    return MappingProxyType(kept), tuple(decision for _, decision in decided)


_FORSAKEN: Final = Doubt("not-watched", Words("もう見ていない", "is no longer watched"))


def _is_watched(policy: Policy, key: Key) -> bool:
    _, scope, target = key
    if isinstance(target, IPv4Network | IPv6Network):
        return bool(policy.prefix) and target in policy.prefixes
    return scope == "host" and any(
        target in each for each in policy.prefixes if each.version == target.version
    )


def standing(book: Book, watches: Watches, second: Second) -> tuple[Decision, ...]:
    """Every alarm that stands, as a decision on the present second: by what it stands, and the figure now."""
    policies = {policy.name: policy for policy in book.policies}
    now = {
        (policy.name, scope, target): counters for policy, scope, target, counters, _ in figures(book, second)
    }
    found: list[tuple[Key, Decision]] = []
    for key, watch in watches.items():
        if watch.alarmed is not None and key[0] in policies:
            metric, _, threshold = watch.last
            counters = now.get(key, _SILENCE)
            worst = metric, counters.figure(metric), threshold
            policy = policies[key[0]]
            found.append((key, _decision(policy, key, watch, second.at, "alarm", worst, counters)))
    found.sort(key=lambda each: _order(each[0]))
    return tuple(decision for _, decision in found)


def judge_all(book: Book, seconds: Sequence[Second] | Iterator[Second]) -> Iterator[Decision]:
    """Every decision over seconds in order; those missing between two are taken as silence."""
    watches, last = NO_WATCHES, None
    for second in seconds:
        if last is not None:
            for between in range(last + 1, second.at):
                if not watches:
                    break
                watches, decisions = judge(book, watches, Second(between, {}, {}))
                yield from decisions
        watches, decisions = judge(book, watches, second)
        yield from decisions
        last = second.at if not second.partial else second.at - 1
