"""Attacks, as the ledger tells them: each from its detection to its end, with everything done meanwhile."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from kitei.ledger import Entry, standing
from kitei.values import JST, Json, JsonObject, Words

DETECTED: Final = "attack.detected"
OVER: Final = "attack.over"
ORDERED: Final = "mitigation.ordered"
EFFECTIVE: Final = "mitigation.effective"
PROLONGED: Final = "mitigation.prolonged"
RELEASED: Final = "mitigation.released"
WITHHELD: Final = "mitigation.withheld"
NOTED: Final = "incident.noted"
_STREAM: Final = "contract:"

HAPPENINGS: Final[Mapping[str, Words]] = {
    DETECTED: Words("検知", "detected"),
    ORDERED: Words("緩和を指示", "mitigation ordered"),
    WITHHELD: Words("上限のため見送り", "withheld at the policy's limit"),
    EFFECTIVE: Words("緩和が有効", "mitigation in force"),
    PROLONGED: Words("緩和を延長", "mitigation prolonged"),
    RELEASED: Words("緩和を解除", "mitigation released"),
    "incident.opened": Words("インシデント対応を開始", "incident opened"),
    NOTED: Words("対応の記録", "incident noted"),
    "incident.closed": Words("インシデント対応を終了", "incident closed"),
    OVER: Words("終息", "over"),
}
STEPS: Final[Mapping[str, Words]] = {
    "observe": Words("観察", "observing"),
    "rate-limit": Words("流量制限", "rate limit"),
    "filter": Words("フィルタ", "filter"),
    "divert": Words("迂回・洗浄", "divert and scrub"),
    "blackhole": Words("ブラックホール", "blackhole"),
}
_CAUSES: Final[Mapping[str, Words]] = {
    "bps": Words("トラフィック量", "volume"),
    "pps": Words("パケット数", "packet rate"),
    "flows": Words("フロー数", "flow rate"),
    "tcp": Words("TCP フラッド", "TCP flood"),
    "syn": Words("SYN フラッド", "SYN flood"),
    "udp": Words("UDP フラッド", "UDP flood"),
    "amplified": Words("反射増幅", "amplification"),
    "icmp": Words("ICMP フラッド", "ICMP flood"),
    "fragment": Words("フラグメント", "fragments"),
    "other": Words("その他のプロトコル", "other protocols"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened in an attack: when, what, and the ledger's entry of it."""

    at: datetime
    kind: str
    body: JsonObject
    cites: tuple[str, ...]
    seq: int
    actor: str

    @property
    def words(self) -> Words:
        """What it is in a few words, with the step and who ordered it where it says so."""
        head = HAPPENINGS.get(self.kind, Words(self.kind, self.kind))
        step = STEPS.get(str(self.body.get("step")))
        told = [step] if step else []
        if self.kind == NOTED and self.body.get("step"):  # its steps are the operator's own words
            told.append(Words(str(self.body.get("step")), str(self.body.get("step"))))
        for key in ("until", "why", "note", "by"):
            value = self.body.get(key)
            if isinstance(value, str) and value and not (key == "by" and value == "policy"):
                told.append(_MORE[key](value))
        notified: Any = self.body.get("notified")
        if self.kind == NOTED and notified:
            listed = ", ".join(map(str, notified))
            told.append(Words(f"連絡先 {listed}", f"told {listed}"))
        if self.kind == WITHHELD:
            most = self.body.get("most")
            told.append(Words(f"同時に {most} 件まで", f"no more than {most} at once"))
        nodes: Any = self.body.get("nodes")
        if self.kind == EFFECTIVE and isinstance(nodes, list | tuple):
            told += [Words(str(each), str(each)) for each in nodes]
        if not told:
            return head
        ja, en = ", ".join(each.ja for each in told), ", ".join(each.en for each in told)
        return Words(f"{head.ja}({ja})", f"{head.en} ({en})")


def _until(value: str) -> Words:
    try:
        shown = instant_of(value).strftime("%H:%M:%S")
    except ValueError:
        shown = value
    return Words(f"{shown} まで", f"until {shown}")


_MORE: Final[Mapping[str, Callable[[str], Words]]] = {
    "until": _until,
    "why": lambda value: Words(value, value),
    "note": lambda value: Words(value, value),
    "by": lambda value: Words(f"{value} による", f"by {value}"),
}


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack on a contract. `happenings` are in order of time, the first of them its detection."""

    id: str
    contract: str
    happenings: tuple[Happening, ...]

    @property
    def detected(self) -> Happening:
        return self.happenings[0]

    @property
    def body(self) -> JsonObject:
        return self.detected.body

    def text(self, key: str) -> str:
        value = self.body.get(key)
        return "" if value is None else str(value)

    def number(self, key: str) -> int:
        value = self.body.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def target(self) -> str:
        """An address, or a prefix of more than one."""
        return self.text("target").removesuffix("/32").removesuffix("/128")

    @property
    def is_dry_run(self) -> bool:
        return self.body.get("dry_run") is True

    @property
    def began(self) -> datetime:
        """The first second of the excess, which the alarm followed."""
        since = self.body.get("since")
        return self.detected.at if since is None else min(instant_of(since), self.detected.at)

    @property
    def over(self) -> datetime | None:
        return self._first(OVER)

    @property
    def in_force(self) -> datetime | None:
        """When the first step against it was in force, as its nodes reported; None as long as none did."""
        return self._first(EFFECTIVE)

    @property
    def unreported(self) -> tuple[Happening, ...]:
        """Orders of steps that stand and that the nodes have not reported in force."""
        done = {e.body.get("mitigation") for e in self.happenings if e.kind in (EFFECTIVE, RELEASED)}
        orders = (
            each for each in self.happenings if each.kind == ORDERED and each.body.get("step") != "observe"
        )
        return tuple(each for each in orders if each.body.get("mitigation") not in done)

    @property
    def course(self) -> tuple[tuple[str, float], ...]:
        """What happened first of detection, order, force and end, in seconds from the beginning of the first second
        of the excess: the first packet may have come up to a second after that."""
        found = ((kind, self._first(kind)) for kind in (DETECTED, ORDERED, EFFECTIVE, OVER))
        return tuple((kind, self.after(at)) for kind, at in found if at is not None)

    def after(self, at: datetime) -> float:
        """Seconds from its beginning."""
        return (at - self.began).total_seconds()

    def _first(self, kind: str) -> datetime | None:
        return next((each.at for each in self.happenings if each.kind == kind), None)

    @property
    def ports(self) -> tuple[int, ...]:
        listed: Any = self.body.get("ports") or ()
        return tuple(int(each[0]) for each in listed)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that were ordered, each once, in order."""
        ordered = (str(each.body.get("step")) for each in self.happenings if each.kind == ORDERED)
        return tuple(dict.fromkeys(ordered))

    @property
    def cause(self) -> Words:
        metric = self.text("metric")
        return _CAUSES.get(metric.removesuffix("-bps").removesuffix("-pps"), Words(metric, metric))

    @property
    def unit(self) -> str:
        metric = self.text("metric")
        return next((each for each in ("bps", "pps") if metric.endswith(each)), "flows/s")


def attacks_of(entries: Iterable[Entry]) -> tuple[Attack, ...]:
    """The attacks that entries tell of, in order of their detection. What names no attack is passed over, and so
    is what names one that was never detected (its detection was struck, or is not among the entries)."""
    found: dict[str, tuple[str, list[Happening]]] = {}
    for entry in standing(entries):
        attack = entry.fact.body.get("attack")
        if not isinstance(attack, str) or not entry.stream.startswith(_STREAM):
            continue
        if entry.fact.kind == DETECTED and attack not in found:
            found[attack] = (entry.stream.removeprefix(_STREAM), [])
        if attack in found:
            found[attack][1].append(happening_of(entry))
    attacks = [
        Attack(id, contract, (first, *sorted(rest, key=lambda each: (each.at, each.seq))))
        for id, (contract, (first, *rest)) in found.items()
    ]
    return tuple(sorted(attacks, key=lambda each: (each.detected.at, each.detected.seq)))


def happening_of(entry: Entry) -> Happening:
    fact, at = entry.fact, entry.fact.body.get("at")
    when = entry.recorded_at if at is None else instant_of(at)
    return Happening(when, fact.kind, fact.body, fact.cites, entry.seq, entry.actor)


def instant_of(value: Json) -> datetime:
    """An instant as facts write it: ISO text with a zone, or unix seconds. In Asia/Tokyo. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC).astimezone(JST)
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{value!r} is no instant such as 2026-06-01T10:00:00+09:00")
    return found.astimezone(JST)
