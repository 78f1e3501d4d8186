"""Exporters that fall silent, drop, or send what cannot be read: told once, and told when it is over. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from kitei.collect.counters import Address
from kitei.collect.meter import Heard
from kitei.values import JsonObject, Words

Kind = Literal["new", "silent", "back", "dropping", "unread", "restarted"]
Say = Callable[[Kind, str, str], None]
Stream = tuple[Address, Address | None, int, str, int]

SECOND: Final = 10**9
LEAST_SILENCE: Final = 10 * SECOND  # an exporter of one datagram a second is not silent after two
MOST_SILENCE: Final = 600 * SECOND
BEATS: Final = 8
GONE: Final = 120
TEMPLATE_WAIT: Final = 60 * SECOND  # data may come before its template, but not for ever


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to say of one exporter's stream, in the second it was found."""

    at_ns: int
    kind: Kind
    exporter: Address
    protocol: str
    domain: int
    words: Words

    def json(self) -> JsonObject:
        return {
            "at": self.at_ns // SECOND,
            "kind": self.kind,
            "exporter": str(self.exporter),
            "protocol": self.protocol,
            "domain": self.domain,
            "words": self.words.en,
        }


@dataclass(frozen=True, slots=True)
class Health:
    """What was last known of a stream. `spoke_at` is the last second in which it sent anything, `gaps` the last
    few distances between such seconds: its beat."""

    heard: Heard
    spoke_at: int = 0
    gaps: tuple[int, ...] = ()
    silent: bool = False
    unread_since: int = 0
    unread_told: bool = False
    lost_told: int = 0


Healths = Mapping[Stream, Health]
UNHEARD: Final[Healths] = MappingProxyType({})


def stream_of(heard: Heard) -> Stream:
    return heard.address, heard.agent, heard.port, heard.protocol, heard.domain


def patience(heard: Heard) -> int:
    """How long (ns) a stream may be silent: twenty of its usual intervals, within ten seconds and minutes."""
    usual = (heard.last_ns - heard.first_ns) // max(1, heard.datagrams - 1)
    return min(MOST_SILENCE, max(LEAST_SILENCE, 20 * usual))


def look(before: Healths, heard: Iterable[Heard], now_ns: int) -> tuple[Healths, tuple[Notice, ...]]:
    """Compare what is heard now with what was known. Streams the meter has forgotten are forgotten here too.

    Only streams that sent more than one datagram are spoken of: a forged one costs its sender more than that.
    """
    after: dict[Stream, Health] = {}
    notices: list[Notice] = []
    for each in heard:
        health, said = _look_at(before.get(stream_of(each)), each, now_ns)
        after[stream_of(each)] = health
        notices += said
    return MappingProxyType(after), tuple(notices)


def _look_at(known: Health | None, now: Heard, now_ns: int) -> tuple[Health, list[Notice]]:
    said: list[Notice] = []

    def say(kind: Kind, ja: str, en: str) -> None:
        said.append(Notice(now_ns, kind, now.address, now.protocol, now.domain, Words(ja, en)))

    before = known or Health(now)
    health = _beaten(before, now, known is None)
    spoken_of = now.datagrams > 1
    if spoken_of and (known is None or known.heard.datagrams <= 1):
        say("new", f"{now.protocol} の送出が始まった", f"began to export {now.protocol}")
    quiet = now_ns - now.last_ns
    if spoken_of and not before.silent and quiet > patience(now):
        health = replace(health, silent=True)
        say("silent", f"{quiet // SECOND} 秒間、何も届かない", f"nothing has come for {quiet // SECOND} s")
    elif before.silent and now.datagrams > before.heard.datagrams:
        health = replace(health, silent=False)
        gap = (now.last_ns - before.heard.last_ns) // SECOND
        say("back", f"{gap} 秒ぶりに届いた", f"is back after {gap} s")
    if now.restarts > before.heard.restarts:
        say(
            "restarted",
            "再起動したとみえる(通し番号が戻った)",
            "seems to have restarted: its numbers began anew",
        )
    if now.lost > before.lost_told and now.lost > before.heard.lost:
        lost = now.lost - before.lost_told
        health = replace(health, lost_told=now.lost)
        unit = (
            Words("フロー", "flows")
            if now.protocol in {"netflow5", "ipfix"}
            else Words("データグラム", "datagrams")
        )
        say("dropping", f"{lost} {unit.ja}が途中で失われた", f"{lost} {unit.en} were lost on the way")
    if now.source_drops > before.heard.source_drops:
        dropped = now.source_drops - before.heard.source_drops
        say("dropping", f"送出元が自ら {dropped} 標本を捨てた", f"dropped {dropped} samples itself")
    return _unread(health, before, now, now_ns, say), said


def _beaten(before: Health, now: Heard, is_new: bool) -> Health:
    at = now.last_ns // SECOND
    if not is_new and now.datagrams == before.heard.datagrams:
        return replace(before, heard=now)
    gap = at - before.spoke_at
    gaps = (*before.gaps, gap)[-BEATS:] if before.spoke_at and gap else before.gaps
    return replace(before, heard=now, spoke_at=at, gaps=gaps)


def are_overdue(healths: Healths, at: int) -> bool:
    """Whether at the end of a second exporters owe a word: such as told records in a beat, and have missed it by
    more than a second. One that is gone for `GONE` seconds is waited for no more while others speak."""
    regular = [each for each in healths.values() if each.gaps and each.heard.records]
    late = [each for each in regular if at - each.spoke_at > max(each.gaps) + 1]
    return bool(late) and (len(late) == len(regular) or any(at - each.spoke_at < GONE for each in late))


def _unread(health: Health, before: Health, now: Heard, now_ns: int, say: Say) -> Health:
    """Data whose template does not come."""
    if now.missing_templates == before.heard.missing_templates:
        quiet = now_ns - now.last_ns < TEMPLATE_WAIT
        return health if quiet and before.unread_since else replace(health, unread_since=0, unread_told=False)
    since = before.unread_since or now_ns
    if now_ns - since >= TEMPLATE_WAIT and not before.unread_told:
        waited = (now_ns - since) // SECOND
        say(
            "unread",
            f"{waited} 秒間、テンプレートのないデータが届いている",
            f"has sent data without its template for {waited} s",
        )
        return replace(health, unread_since=since, unread_told=True)
    return replace(health, unread_since=since)
