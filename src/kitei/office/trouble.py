"""What people tell of outages: trouble by a ticket or a customer, and who caused one. Told again, it is corrected;
what was told by mistake is withdrawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kitei.desk import Unreadable
from kitei.desk.reading import Fault
from kitei.ledger import Fact
from kitei.office.hearing import Hearing
from kitei.office.observed import Said
from kitei.office.recredit import Recredited, recredit
from kitei.values import JST, JsonObject, Words, day_of
from kitei.watch import Cause, Outage, Party, Report, outage_of

State = Literal["unconfirmed", "total", "equally-bad"]


def report_trouble(
    hearing: Hearing,
    contract: str,
    reference: str,
    *,
    at: str,
    kind: Literal["ticket", "customer-report"],
    state: State,
    until: str | None,
) -> tuple[Outage, ...]:
    """Record that trouble was told of, and what outages the contract has then. The same reference again replaces
    what was told by it before.

    Raises Unreadable with every fault.
    """
    faults: list[Fault] = []
    begun, ended = _instant(at, "--at", faults), _instant(until, "--until", faults) if until else None
    now = hearing.office.clock()
    if contract not in (known := hearing.availabilities()):
        faults.append(_no_such_contract(contract, known))
    if not reference.strip() or not reference.isprintable():
        wrong = Words("チケットや受付の番号が要ります", "the number of a ticket or a call is needed")
        faults.append(Fault("REFERENCE", wrong))
    for name, each in (("--at", begun), ("--until", ended)):
        if each is not None and each > now:
            wrong = Words(f"{each.isoformat()} はまだ来ていません", f"{each.isoformat()} is yet to come")
            faults.append(Fault(name, wrong))
    if begun and ended and ended <= begun:
        faults.append(Fault("--until", Words("始まりより後の日時です", "it has to be later than --at")))
    if until and state == "unconfirmed":
        wrong = Words(
            "確かめた状態(total か equally-bad)だけに終わりがあります",
            "only a state that was confirmed (total, equally-bad) has an end",
        )
        faults.append(Fault("--until", wrong))
    if faults or begun is None:
        raise Unreadable(tuple(faults))
    hearing.office.state([trouble_reported(Report(contract, kind, begun, state, ended, reference))])
    return tuple(each for each in hearing.find_outages() if each.contract == contract)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What came of trouble that was told being taken back: the outages left, and the credits that changed."""

    outages: tuple[Outage, ...]
    credits: tuple[Recredited, ...]


def withdraw_trouble(hearing: Hearing, contract: str, reference: str, *, by: str, why: Words) -> Withdrawn:
    """Take back what was told by a reference: outages are what is known without it, credits are judged anew.

    Nothing is erased: it is a fact of its own. Done again, it only finishes what was left undone.
    Raises Unreadable with every fault.
    """
    office = hearing.office
    said = Said.of(office.picture().said).about(contract)
    told = next((each for each in (*said.reports, *said.withdrawn) if each.reference == reference), None)
    faults: list[Fault] = []
    if contract not in (known := hearing.availabilities()):
        faults.append(_no_such_contract(contract, known))
    elif told is None or not reference:
        there = ", ".join(each.reference for each in said.reports if each.reference) or "-"
        wrong = Words(
            f"{contract} について {reference!r} で告げられたことはありません。あるのは {there}",
            f"nothing was told of {contract} by {reference!r}; there are {there}",
        )
        faults.append(Fault("REFERENCE", wrong))
    if not by.strip() or not by.isprintable():
        faults.append(Fault("--by", Words("だれが取り消すかが要ります", "say who takes it back")))
    faults += _unexplained(why)
    if faults or told is None:
        raise Unreadable(tuple(faults))
    if told in said.reports:
        now = office.clock()
        body: JsonObject = {
            "contract": contract,
            "reference": reference,
            "by": by,
            "at": now.isoformat(),
            "why": {"ja": why.ja, "en": why.en},
        }
        office.state([("operator", Fact("trouble.withdrawn", body, day_of(now)))], by)
    left = tuple(each for each in hearing.find_outages() if each.contract == contract)
    return Withdrawn(left, recredit(office, contract, told.interval, why=why.en, actor=by))


def _no_such_contract(contract: str, known: Iterable[str]) -> Fault:
    there = ", ".join(known) or "-"
    wrong = Words(
        f"{contract} は利用中の契約ではありません。あるのは {there}",
        f"{contract} is no contract in force; there are {there}",
    )
    return Fault("CONTRACT", wrong)


def _unexplained(why: Words) -> list[Fault]:
    told = (("--ja", why.ja), ("--en", why.en))
    return [Fault(name, Words("わけを書いてください", "say why")) for name, text in told if not text.strip()]


def find_cause(hearing: Hearing, outage: str, party: Party, why: Words) -> Outage:
    """Record who caused an outage, by the operator's finding. Raises Unreadable with every fault."""
    hearing.find_outages()
    bodies = [body for each in hearing.office.contracts().values() for body in each.outages]
    outages = {each.id: each for each in map(outage_of, bodies)}
    faults: list[Fault] = []
    if outage not in outages:
        there = ", ".join(sorted(outages)) or "-"
        wrong = Words(
            f"利用不能 {outage} の記録がありません。あるのは {there}",
            f"no outage {outage}; there are {there}",
        )
        faults.append(Fault("OUTAGE", wrong))
    faults += _unexplained(why)
    if faults:
        raise Unreadable(tuple(faults))
    found = outages[outage]
    hearing.office.state([cause_found(Cause(found.contract, found.began_at, party, why))])
    hearing.find_outages()
    return next(
        each for each in map(outage_of, hearing.office.contract(found.contract).outages) if each.id == outage
    )


def trouble_reported(told: Report) -> tuple[str, Fact]:
    """The fact that a ticket or a customer told of trouble."""
    body: JsonObject = {
        "contract": told.contract,
        "kind": told.kind,
        "at": told.at.isoformat(),
        "state": told.state,
        "restored_at": told.restored_at.isoformat() if told.restored_at else None,
        "reference": told.reference,
    }
    return "operator", Fact("trouble.reported", body, day_of(told.at))


def cause_found(cause: Cause) -> tuple[str, Fact]:
    """The fact of who caused an outage, by the operator's finding."""
    body: JsonObject = {
        "contract": cause.contract,
        "at": cause.at.isoformat(),
        "party": cause.party,
        "why": {"ja": cause.why.ja, "en": cause.why.en},
    }
    return "operator", Fact("cause.found", body, day_of(cause.at))


def _instant(text: str, name: str, faults: list[Fault]) -> datetime | None:
    """A time, of Japan where no zone is said; what is wrong with it goes to `faults`."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        wrong = Words(
            f"{text!r} は 2026-04-01T09:00 のような日時ではありません",
            f"{text!r} is no time such as 2026-04-01T09:00",
        )
        faults.append(Fault(name, wrong))
        return None
    return told if told.tzinfo else told.replace(tzinfo=JST)
