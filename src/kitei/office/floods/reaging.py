"""Re-aging as an order: learned from the history of floods, reported, and in force once it is approved.

What is recorded is what was told: the report of an order is made once, and an approval puts in force what stands
in it, whatever the history says later.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from kitei.collect.counters import Counters
from kitei.collect.detection import Decision
from kitei.collect.minutes import Past, Row, levels_of
from kitei.collect.policies import policies_of
from kitei.collect.policy import Book, Scope
from kitei.collect.reaging import Reaging as Learned
from kitei.collect.reaging import relearn
from kitei.ledger import Entry, Fact
from kitei.ledger.contracts import Contract
from kitei.network.sheaf import SUMS, seconds_of
from kitei.office.desk import Decided, Desk
from kitei.office.floods.posting import record_and_post
from kitei.office.office import Office, Refusal
from kitei.services.ddos import SERVICE
from kitei.services.ddos.defence import FIRST_POLICY, Policy, Reaging, policies, policy_read, reagings
from kitei.services.ddos.means import edition_on, means
from kitei.services.ddos.watching import policy_name, watched_line, watched_prefixes
from kitei.store import relearning
from kitei.store.history import History
from kitei.store.outbox import Message
from kitei.store.relearning import Raised
from kitei.values import Json, JsonObject, Words

REPORTED: Final = "reaging.reported"
PROVISION: Final = "art:10.2.4.a2"
_LISTED: Final = 50
"""So many alarms of each kind are listed one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a re-aging found: `learned` of `minutes`, and the alarms that were given meanwhile."""

    order: Reaging
    contract: str
    learned: Learned
    raised: tuple[Raised, ...]

    @property
    def minutes(self) -> int:
        return self.learned.baseline.seconds


def relearned(office: Office, history: History, contract_id: str, order: Reaging) -> Report:
    """What the history says for an order; nothing is recorded. The same history gives the same report.

    Raises Refusal where there is nothing to learn from, or too much.
    """
    contract = office.contract(contract_id)
    entries = tuple(office.book.read(f"contract:{contract_id}"))
    books = _books(office, contract, entries, order)
    first, until = seconds_of(order.first, order.last)
    until = min(until, int(order.at.timestamp()) // 60 * 60)
    try:
        raised = relearning.raised(history, contract_id, first, until)
        past = _past(history, contract_id, first, until, raised, books)
    except relearning.TooMuch as error:
        raise Refusal(error.words) from None
    if not past.judged:
        raise Refusal(
            Words(
                f"{order.first} から {order.last} までに監視された分はなく、学べません",
                f"nothing was watched from {order.first} to {order.last}: there is nothing to learn from",
            )
        )
    return Report(order, contract_id, relearn(books[-1], past), raised)


@dataclass(frozen=True, slots=True)
class ReagingTold:
    """A report as it is recorded and sent: its figures, and the day it was made on."""

    contract: str
    on: date
    body: JsonObject
    cites: tuple[str, ...]


def told_of(office: Office, found: Report) -> ReagingTold:
    """What is to be recorded of a report."""
    cite = str(edition_on(office.today()).cite(PROVISION))
    return ReagingTold(found.contract, office.today(), report_json(found), (cite,))


def report(office: Office, told: ReagingTold, letters: Sequence[Message] = ()) -> None:
    """Record the report of an order, once, and its letters with it."""
    fact = Fact(REPORTED, told.body, told.on, told.cites)
    record_and_post(office, [(f"contract:{told.contract}", fact)], letters)


def reports(office: Desk[Any], contract: str) -> tuple[ReagingTold, ...]:
    """The reports of a contract's re-agings, in order."""
    office.contract(contract)
    facts = [each.fact for each in office.book.read(f"contract:{contract}") if each.fact.kind == REPORTED]
    return tuple(ReagingTold(contract, each.effective_on, each.body, each.cites) for each in facts)


def pending(contract: Contract) -> Reaging | None:
    """The first order that was not reported yet: a process may have died between the two."""
    return next((each for each in reagings(contract) if each.recommended is None), None)


def approve(office: Office, contract_id: str, order: str | None, *, by: str) -> tuple[Decided, ...]:
    """Put in force what an order's report recommended (the latest where none is named), by the ordinary act.

    Only thresholds change; what the policies say besides stays. Raises Refusal where there is nothing to approve.
    """
    contract = office.contract(contract_id)
    reported = [each for each in reagings(contract) if each.recommended is not None]
    found = next((each for each in reversed(reported) if order in (None, each.id)), None)
    if found is None or found.recommended is None:
        there = ", ".join(each.id for each in reported)
        raise Refusal(
            Words(
                f"承認できる報告がありません。あるのは {there or 'なし'}",
                f"there is no report to approve; reported are {there or 'none'}",
            )
        )
    present = {each.name: each for each in policies(contract)}
    gone = [str(each["name"]) for each in found.recommended if each["name"] not in present]
    if gone:
        raise Refusal(
            Words(
                f"ポリシー {', '.join(gone)} はもうありません。学び直しを指示してください",
                f"there is no policy {', '.join(gone)} any more: order another re-aging",
            )
        )
    acts = [_act(contract_id, present[str(each["name"])], each, found.id, by) for each in found.recommended]
    for act in acts:
        office.read("set-policy", act, service=SERVICE.name)
    return tuple(office.apply("set-policy", act, service=SERVICE.name) for act in acts)


def report_json(found: Report) -> JsonObject:
    """The report as values: what is recorded, and what is printed."""
    baseline, learned = found.learned.baseline, found.learned
    lines: list[Json] = [asdict(each) for each in learned.lines]
    recommended: list[Json] = [
        {"name": each.name.partition("/")[2], "host": dict(each.host), "prefix": dict(each.prefix)}
        for each in learned.book.policies
    ]
    return {
        "reaging": found.order.id,
        "first": found.order.first.isoformat(),
        "last": found.order.last.isoformat(),
        "minutes": baseline.seconds,
        "left_out": baseline.left_out,
        "alarms_given": len(found.raised),
        "alarms_present": sum(each.kind == "alarm" for each in learned.present),
        "alarms_recommended": sum(each.kind == "alarm" for each in learned.recommended),
        "lines": lines,
        "alarms": [*_alarms("present", learned.present), *_alarms("recommended", learned.recommended)],
        "recommended": recommended,
    }


def _alarms(under: str, decisions: Iterable[Decision]) -> Iterator[Json]:
    """The first alarms of what was decided under these thresholds."""
    given = (each for each in decisions if each.kind == "alarm")
    for each in islice(given, _LISTED):
        yield {
            "under": under,
            "at": each.at,
            "policy": each.policy,
            "scope": each.scope,
            "target": str(each.target),
            "metric": each.metric,
            "figure": each.figure,
            "threshold": each.threshold,
        }


# -- inside ------------------------------------------------------------------------------------------


def _past(
    history: History, contract: str, first: int, until: int, raised: Sequence[Raised], books: Sequence[Book]
) -> Past:
    about = (history, contract, first, until)
    return Past(
        relearning.judged(history, first, until),
        tuple(_row(each) for each in relearning.minutes(*about)),
        tuple(_row(each) for each in relearning.seconds(*about)),
        tuple((each.policy, each.first, each.last) for each in raised),
        levels_of(books),
    )


def _row(kept: relearning.Kept) -> Row:
    scope: Scope = "host" if kept.scope == "host" else "prefix"
    sums, mosts = _counters(kept.sums, kept.sources), _counters(kept.mosts, kept.sources)
    return Row(kept.at, scope, kept.target, kept.seconds, sums, mosts)


def _counters(told: Sequence[int], sources: int) -> Counters:
    values: dict[str, Any] = dict(zip(SUMS, told, strict=True))
    return Counters(**values, sources=sources)


def _books(office: Office, contract: Contract, entries: Sequence[Entry], order: Reaging) -> tuple[Book, ...]:
    """What held in the order's days, one book after another; the last is what holds now."""
    since = datetime.fromtimestamp(seconds_of(order.first, order.last)[0], order.at.tzinfo)
    held: dict[str, Policy] = {}
    turns: list[tuple[datetime, tuple[Policy, ...]]] = [(contract_begin(entries), (FIRST_POLICY,))]
    for entry in entries:
        if entry.fact.kind == "policy.set":
            body: Any = entry.fact.body
            held[str(body["name"])] = policy_read(str(body["name"]), {**body, "cites": entry.fact.cites})
            turns.append((entry.recorded_at, tuple(held[name] for name in sorted(held))))
    later = [n for n, (at, _) in enumerate(turns) if at > since]
    start = max(0, (later[0] if later else len(turns)) - 1)
    several = [told for _, told in turns[start:]]
    return tuple(_book(office, contract, each) for each in (*several[:-1], policies(contract)))


def contract_begin(entries: Sequence[Entry]) -> datetime:
    """When the first fact of a stream was recorded."""
    return entries[0].recorded_at


def _book(office: Office, contract: Contract, told: Sequence[Policy]) -> Book:
    """Policies as a collector reads them, over what is protected today."""
    bought = means(contract, office.contracts(), office.today())
    rows: list[Any] = []
    for policy in told:
        prefixes = watched_prefixes(bought, policy) if bought is not None else ()
        if prefixes:
            rows.append(json.loads(watched_line(contract, policy, prefixes)))
    book, faults = policies_of(rows, policy_name(contract.id, FIRST_POLICY)) if rows else (None, ())
    if book is None or faults:
        wrong = "; ".join(f"{each.place}: {each.words.en}" for each in faults)
        raise Refusal(
            Words(
                f"{contract.id} には見張る宛先がありません {wrong}".rstrip(),
                f"{contract.id} has nothing that is watched {wrong}".rstrip(),
            )
        )
    return book


def _act(contract: str, present: Policy, told: Mapping[str, Any], order: str, by: str) -> dict[str, Any]:
    """The present policy with the thresholds recommended, as an act of its own."""
    watch: Any = present.watch
    asked: dict[str, Any] = {
        "by": by,
        "contract": contract,
        "reaging": order,
        "prefixes": list(present.prefixes),
        "host": dict(told["host"]),
        "prefix": dict(told["prefix"]),
        "dry_run": present.dry_run,
        "ladder": dict(_ladder(present)),
        "scrub": {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(present.scrub).items()},
    }
    asked |= {key: watch[key] for key in ("override", "timing", "guards") if watch.get(key)}
    return asked | ({"name": present.name} if present.name else {})


def _ladder(policy: Policy) -> Iterator[tuple[str, Any]]:
    """By the names that an act is written with."""
    for key, value in asdict(policy.ladder).items():
        yield ("rate-limit" if key == "rate_limit" else key), value
