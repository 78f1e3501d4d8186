"""From facts to alerts: who is told of an attack, in one line, once, and when it is over.

Each attack is told at its detection (with what is done about it), once more where something is done about it
only later, at each step of an incident, and at its end. To a place that was told five things within five minutes, or that takes nothing any
more, the rest goes together: one message that counts, however many attacks there are.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Connection

from kitei.catalogue import service_named
from kitei.ledger import Entry, standing
from kitei.ledger.contracts import Contract
from kitei.office.floods.alert_lines import detected_line, mitigated_line, over_line, step_line, withheld_line
from kitei.office.floods.attacks import (
    DETECTED,
    NOTED,
    ORDERED,
    OVER,
    WITHHELD,
    Attack,
    attacks_of,
    happening_of,
)
from kitei.office.floods.watch import Watched, watched
from kitei.office.office import Office
from kitei.store.outbox import Message, Outbox, OutboxFull, Way
from kitei.store.party import Party
from kitei.values import Json, JsonObject, Language, Words

OPERATOR: Final = "operator"
"""The party that is told of every attack, dry runs too."""
CURSOR: Final = "alerts"
_SETTLE: Final = timedelta(seconds=1)
"""So long the first alert waits for the order that follows a detection, to tell both in one line."""
_SINGLY, _WITHIN = 5, timedelta(minutes=5)
_TOGETHER: Final = timedelta(seconds=60)
_STUCK: Final = 500
_LINES: Final = 50
_KINDS: Final = (DETECTED, ORDERED, OVER, WITHHELD, NOTED)
_PAGE: Final = 500
MITIGATED: Final = "attack.mitigated"


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is told: an address or a URL, in which languages."""

    customer: str
    way: Way
    at: str
    languages: tuple[Language, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell of an attack: `event` is what happened, `line` says it in one line.

    `settles`: an order may follow within a moment. `instead` is the alert to change, where that was not sent yet.
    `part` tells apart what may happen more than once to an attack.
    """

    event: str
    customer: str
    attack: Attack
    line: Words
    on: datetime
    settles: bool = False
    instead: "Alert | None" = None
    part: str = ""

    @property
    def key(self) -> str:
        return ":".join(filter(None, (self.event, self.attack.contract, self.attack.id, self.part)))


def take_alerts(office: Office, outbox: Outbox) -> int:
    """Put what the ledger tells of attacks since the last time into the outbox; how many messages.

    Where the outbox is full nothing is taken, and the ledger keeps it for the next time.
    """
    taken = 0
    while next(office.book.read(after=outbox.seen(CURSOR)), None) is not None:
        try:
            with outbox.writing() as transaction:
                entries = _page(office, outbox.cursor(CURSOR, transaction))
                news = [each for each in entries if each.fact.kind in _KINDS]
                count = sum(_tell(office, outbox, each, transaction) for each in alerts_of(office, news))
                if entries:
                    outbox.move(CURSOR, entries[-1].seq, transaction)
        except OutboxFull:
            break
        taken += count
    return taken


def _page(office: Office, after: int) -> list[Entry]:
    found: list[Entry] = []
    for entry in office.book.read(after=after):
        found.append(entry)
        if len(found) == _PAGE:
            break
    return found


def alerts_of(office: Office, news: Sequence[Entry]) -> Iterator[Alert]:
    """What these entries are to be told of, in their order; of an attack as far as it is known by now."""
    read = {
        stream: tuple(standing(office.book.read(stream))) for stream in dict.fromkeys(e.stream for e in news)
    }
    known = {(each.contract, each.id): each for entries in read.values() for each in attacks_of(entries)}
    contracts: dict[str, Contract] = {}
    for stream in read:
        _gather(office, stream.removeprefix("contract:"), contracts)
    for entry in news:
        contract = contracts.get(entry.stream.removeprefix("contract:"))
        attack = known.get((contract.id if contract else "", str(entry.fact.body.get("attack"))))
        if contract is None or attack is None:
            continue  # its detection was struck
        on = watched(contracts, entry.fact.effective_on)
        seen = next((each for each in on if each.contract == contract.id), None)
        alert = _alert(entry, attack, contract, seen, {each.seq for each in news})
        if alert is not None:
            yield alert


def _gather(office: Office, id: str, contracts: dict[str, Contract]) -> None:
    """A contract and the one it is added to, folded from their own streams: a bell does not read a whole ledger."""
    if id in contracts:
        return
    contract: Contract | None = None
    for entry in standing(office.book.read(f"contract:{id}")):
        if contract is not None or entry.fact.kind == "contract.concluded":
            service = contract.service if contract else str(entry.fact.body["service"])
            contract = service_named(service).fold(contract, entry)
    if contract is None:
        return
    contracts[id] = contract
    base = contract.body.get("base")
    if isinstance(base, str) and base:
        _gather(office, base, contracts)


def _alert(
    entry: Entry, attack: Attack, contract: Contract, seen: Watched | None, news: set[int]
) -> Alert | None:
    orders = [each for each in attack.happenings if each.kind == ORDERED]
    line = detected_line(attack, seen)
    first = Alert(DETECTED, contract.customer, attack, line, attack.detected.at)
    match entry.fact.kind:
        case kind if kind == DETECTED and entry.seq == attack.detected.seq:
            waits = not attack.is_dry_run and seen is not None and seen.mitigates
            return replace(first, settles=waits and not any(_acts(e.body) for e in orders))
        case kind if kind == OVER and attack.over is not None:
            return Alert(OVER, contract.customer, attack, over_line(attack), attack.over)
        case kind if kind == WITHHELD:
            held = happening_of(entry)
            return Alert(WITHHELD, contract.customer, attack, withheld_line(attack, held), held.at)
        case kind if kind == NOTED:
            noted = happening_of(entry)
            line = step_line(attack, noted)
            return Alert(NOTED, contract.customer, attack, line, noted.at, part=str(entry.seq))
        case kind if kind == ORDERED:
            acts = [each for each in orders if _acts(each.body)]
            is_first = bool(acts) and acts[0].seq == entry.seq
            if is_first and attack.detected.seq not in news:  # else the first alert says it already
                line = mitigated_line(attack)
                return Alert(MITIGATED, contract.customer, attack, line, acts[0].at, instead=first)
    return None


def _acts(body: JsonObject) -> bool:
    return body.get("step") not in ("observe", None)


# -- to whom -----------------------------------------------------------------------------------------


def places(office: Office, customer: str) -> tuple[Place, ...]:
    """Where a party is told: `more.alerts` has e-mail addresses and URLs with spaces between, else `more.email` is it."""
    party = office.shelf.party(customer)
    return places_of(party) if party else ()


def places_of(party: Party) -> tuple[Place, ...]:
    language = party.more.get("language")
    languages: tuple[Language, ...] = ("ja", "en")
    if language == "ja" or language == "en":
        languages = (language,)
    listed = party.more.get("alerts")
    told: Iterable[Any] = listed if isinstance(listed, list | tuple) else str(listed or "").split()
    if not listed:
        told = [party.more.get("email")]
    found = []
    for each in told:
        if isinstance(each, str) and each.strip():
            place = each.strip()
            way: Way = "webhook" if place.startswith(("https://", "http://")) else "email"
            found.append(Place(party.id, way, place, languages))
    return tuple(dict.fromkeys(found))


def untold(office: Office) -> tuple[str, ...]:
    """Contracts in force on which an attack would be told to nobody of the customer's."""
    today = office.today()
    return tuple(
        each.contract for each in watched(office.contracts(), today) if not places(office, each.customer)
    )


def _tell(office: Office, outbox: Outbox, alert: Alert, within: Connection) -> int:
    told = () if alert.attack.is_dry_run else places(office, alert.customer)
    count = 0
    for place in dict.fromkeys((*told, *places(office, OPERATOR))):
        count += _put(office.clock(), outbox, alert, place, within)
    return count


def _put(now: datetime, outbox: Outbox, alert: Alert, place: Place, within: Connection) -> int:
    name = message_id(alert.key, place)
    if outbox.find(name, within) is not None:
        return 0
    if (first := alert.instead) and outbox.change(message_id(first.key, place), _body(first, place), within):
        return 0
    there = (place.customer, place.way, place.at)
    recent = outbox.recent(*there, now - _WITHIN, within)
    singly = [each for each in recent if "count" not in each.body]
    together = outbox.last_waiting(*there, within)
    stuck = outbox.count_waiting(*there, within) >= _STUCK
    if len(singly) < _SINGLY and not stuck and not (together and "count" in together.body):
        body = _body(alert, place)
        due = now + _SETTLE if alert.settles else now
        return outbox.put([Message(name, place.way, place.at, place.customer, body, now, due)], within)
    if together is not None and "count" in together.body and together.attempts == 0:
        outbox.change(together.id, _grown(together.body, alert, place), within)
        return 0
    name = message_id(f"together:{alert.key}", place)
    body = _grown({"count": 0, "lines": [], "event": "attacks"}, alert, place)
    later = now + _TOGETHER
    return outbox.put([Message(name, place.way, place.at, place.customer, body, now, later)], within)


def message_id(key: str, place: Place) -> str:
    """The same for the same thing told to the same place: what a receiver knows a repetition by."""
    told = "\n".join((key, place.way, place.at))
    return "a" + hashlib.sha256(told.encode()).hexdigest()[:31]


def _body(alert: Alert, place: Place) -> JsonObject:
    lines = [alert.line.to(each) for each in place.languages]
    return {
        "event": alert.event,
        "subject": " / ".join(lines),
        "text": "\n".join((*lines, "", *_more(alert))) + "\n",
        "data": alert_json(alert),
    }


def _more(alert: Alert) -> Iterator[str]:
    attack = alert.attack
    yield f"{attack.contract} {attack.id}"
    yield f"{alert.on.isoformat()} {attack.text('policy')} {attack.text('scope')}"


def alert_json(alert: Alert) -> dict[str, Json]:
    """What a webhook is told."""
    attack = alert.attack
    over = attack.over
    return {
        "event": alert.event,
        "attack": attack.id,
        "contract": attack.contract,
        "target": attack.target,
        "scope": attack.text("scope"),
        "policy": attack.text("policy"),
        "metric": attack.text("metric"),
        "figure": attack.number("figure"),
        "threshold": attack.number("threshold"),
        "steps": list(attack.steps),
        "dry_run": attack.is_dry_run,
        "began": attack.began.isoformat(),
        "detected": attack.detected.at.isoformat(),
        "in_force": attack.in_force.isoformat() if attack.in_force else None,
        "over": over.isoformat() if over and alert.event == OVER else None,
        "text": {"ja": alert.line.ja, "en": alert.line.en},
    }


def _grown(body: JsonObject, alert: Alert, place: Place) -> JsonObject:
    """A message that tells of several, and of one more."""
    count = cast(int, body["count"]) + 1
    before = cast(list[str], body["lines"])
    line = " / ".join(alert.line.to(each) for each in place.languages)
    lines = [*before, line] if len(before) < _LINES else before
    head = Words(f"攻撃の知らせが他に {count} 件あります", f"{count} more messages of attacks")
    told = [head.to(each) for each in place.languages]
    left = count - len(lines)
    rest = [f"+ {left}"] if left else []
    return {
        "event": "attacks",
        "count": count,
        "lines": list(lines),
        "subject": " / ".join(told),
        "text": "\n".join((*told, "", *lines, *rest)) + "\n",
        "data": {
            "event": "attacks",
            "count": count,
            "lines": list(lines),
            "text": {"ja": head.ja, "en": head.en},
        },
    }
