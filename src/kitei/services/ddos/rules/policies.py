"""Articles 1, 5 and 10.2(3): who sets what is too much for a contract and what follows, and when."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Final

from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.who import OPERATOR
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.ddos.defending import Guards, Ladder, SetPolicy, Timing
from kitei.services.ddos.means import lies_in, option
from kitei.services.ddos.rules.defence import LONGEST, SHORTEST, means_of, row_of, within
from kitei.values import JST, Json, Words

# What a collector measures; a test holds it to the collector's own list.
METRICS: Final = (
    "bps",
    "pps",
    "flows",
    "tcp-bps",
    "tcp-pps",
    "syn-pps",
    "udp-bps",
    "udp-pps",
    "amplified-bps",
    "icmp-bps",
    "icmp-pps",
    "fragment-pps",
    "other-bps",
    "other-pps",
)


def set_by(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """Art. 10.2(3): settings change in the operator's hours; outside them for those with the option."""
    contract = s.contract(asked.contract)
    if asked.by == OPERATOR:
        yield from still_in_force(s, row_of(s, contract), contract)
        return
    yield from own_notice(s, row_of(s, contract), contract, asked)
    if option(contract, "out-of-hours-work", s.on) is not None:
        yield s.accept(
            "art:10.2.3",
            why=Words("営業時間外でも設定を変えます", "settings are changed out of hours as well"),
        )
        return
    begin, end = s.operator.number("support-hours-from"), s.operator.number("support-hours-until")
    if begin is None or end is None:
        yield s.refer(
            "art:10.2.3",
            proposes=Verdict.ACCEPT,
            why=Words(
                "設定を変える時間は当社の値に記録されていません",
                "the hours in which settings are changed are not recorded",
            ),
            place="set-policy.at",
            remedy=Words(
                "support-hours-from と -until を設定してください", "set support-hours-from and -until"
            ),
        )
    elif begin <= asked.at.astimezone(JST).hour < end:
        yield s.accept(
            "art:10.2.3",
            why=Words(f"{begin} 時から {end} 時の間です", f"it is between {begin}:00 and {end}:00"),
        )
    else:
        yield s.refuse(
            "art:10.2.3",
            why=Words(
                f"{begin} 時から {end} 時の外で、営業時間外作業オプションがありません",
                f"it is outside {begin}:00 to {end}:00, and there is no out-of-hours option",
            ),
            place="set-policy.at",
            remedy=Words("営業時間外作業オプションで変えられます", "the out-of-hours option would allow it"),
        )


def whose(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """Art. 1: a contract has one policy; a type M has those it adds, each by its name. Art. 5.2: its own addresses."""
    contract = s.contract(asked.contract)
    found = means_of(s, contract)
    if found is None:
        return
    for index, prefix in enumerate(asked.prefixes):
        yield from within(s, found, prefix, f"set-policy.prefixes[{index}]")
    if asked.name and found.item.slug != "type-m":
        yield s.refuse(
            "art:1.1.t7",
            why=Words(
                "名前の付いたポリシーを足せるのはタイプ M だけです",
                "policies with names are what a type M adds",
            ),
            place="set-policy.name",
            remedy=Words(
                "名前を書かないか、タイプ M を申し込んでください", "leave the name out, or apply for a type M"
            ),
        )
        return
    added = _names(contract)
    if asked.name and added and asked.name not in added:
        yield s.refuse(
            "art:1.1.t7",
            why=Words(
                f"足したポリシーは {', '.join(added)} です", f"the policies added are {', '.join(added)}"
            ),
            place="set-policy.name",
        )
        return
    if found.mitigates:
        yield s.accept(
            *dict.fromkeys((*found.watch_paths, *found.defence_paths)),
            why=Words(
                "対象の監視と防御をこのように行います", "its addresses are watched and defended like this"
            ),
        )
    else:
        yield s.accept(
            *dict.fromkeys((*found.watch_paths, *found.defence_paths)),
            why=Words(
                "見張り方だけが効きます。緩和はどの段も行いません",
                "what it says of watching holds; no step of its ladder is ever taken",
            ),
        )


def _names(contract: Contract) -> tuple[str, ...]:
    listed: Json = contract.body.get("policies")
    return tuple(map(str, listed)) if isinstance(listed, list | tuple) else ()


def sound(asked: SetPolicy, s: Situation) -> Iterator[Finding]:
    """What a collector could not watch by is not set, every fault in its place."""
    path = row_of(s, s.contract(asked.contract))
    for place, wrong in (*_thresholds(asked), *_overrides(asked), *_settings(asked), *_ladder(asked.ladder)):
        yield s.refuse(path, why=wrong, place=f"set-policy.{place}")


_Wrong = Iterator[tuple[str, Words]]


def _thresholds(asked: SetPolicy) -> _Wrong:
    tables: list[tuple[str, Mapping[str, int]]] = [("host", asked.host), ("prefix", asked.prefix)]
    tables += [(f"override[{n}].host", each.host) for n, each in enumerate(asked.override)]
    if not any(value > 0 for _, table in tables for value in table.values()):
        yield (
            "host",
            Words("しきい値が一つもありません", "there is no threshold: host = {...} or prefix = {...}"),
        )
    for place, table in tables:
        for metric, value in table.items():
            if metric not in METRICS:
                known = ", ".join(METRICS)
                yield (
                    f"{place}.{metric}",
                    Words(f"{metric} はありません: {known}", f"{metric!r} is not one of {known}"),
                )
            elif value < 0:
                yield f"{place}.{metric}", Words("負の値です(0 は「なし」)", "is negative; 0 means none")


def _overrides(asked: SetPolicy) -> _Wrong:
    inside = [ip_network(each) for each in asked.prefixes]
    for n, each in enumerate(asked.override):
        if inside and not any(lies_in(ip_network(each.network), outer) for outer in inside):
            yield (
                f"override[{n}].network",
                Words("このポリシーの外です", "lies outside the policy's prefixes"),
            )


def _settings(asked: SetPolicy) -> _Wrong:
    timing, guards = asked.timing, asked.guards
    for place, told in (("timing", timing), ("guards", guards)):
        yield from _negative(place, told)
    rise, window = timing.rise or 3, timing.window or 5
    if timing.rise == 0 or not rise <= window <= 60:
        yield (
            "timing",
            Words(
                f"rise {timing.rise} は 1 以上 window {window} 以下、window は 60 以下です",
                f"rise {timing.rise} is at least 1 and at most window {window}, which is at most 60",
            ),
        )
    if timing.soon == 0:
        yield "timing.soon", Words("1 秒以上です", "is at least one second")
    if timing.clear_percent is not None and timing.clear_percent < 100:
        yield "timing.clear_percent", Words("100 以上です", "is at least 100")
    if timing.release_percent is not None and not 1 <= timing.release_percent <= 100:
        yield "timing.release_percent", Words("1 から 100 です", "is 1 to 100")
    if timing.calm is not None and timing.calm < 1:
        yield "timing.calm", Words("1 秒以上です", "is at least one second")
    for place, ports in (
        ("guards.services", guards.services or ()),
        ("scrub.reflectors", asked.scrub.reflectors),
    ):
        if any(not 0 < port < 65536 for port in ports):
            yield place, Words("ポート番号は 1 から 65535 です", "a port is 1 to 65535")


def _negative(place: str, told: Timing | Guards | Ladder) -> _Wrong:
    for name in told.__dataclass_fields__:
        value = getattr(told, name)
        if isinstance(value, int) and value < 0:
            yield f"{place}.{name}", Words("0 以上です", "is not below 0")


def _ladder(ladder: Ladder) -> _Wrong:
    yield from _negative("ladder", ladder)
    if not SHORTEST <= ladder.hold <= LONGEST:
        yield (
            "ladder.hold",
            Words(f"{SHORTEST} 秒から {LONGEST} 秒です", f"is {SHORTEST} to {LONGEST} seconds"),
        )
    if not 1 <= ladder.most <= 10_000:
        yield "ladder.most", Words("1 から 10000 です", "is 1 to 10000")
    if ladder.rate < 8:
        yield "ladder.rate", Words("8 bps 以上です", "is at least 8 bits a second")
