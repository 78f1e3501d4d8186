"""Credits once more, after what is known of an outage has changed: the grant is struck, and its claim judged anew."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

from kitei.catalogue import service_named
from kitei.desk import Situation, Verdict
from kitei.ledger import standing, strike
from kitei.ledger.contracts import Contract, Credit
from kitei.office.desk import Decided
from kitei.office.office import Office
from kitei.values import JST, Yen
from kitei.watch import Interval, outage_of

_NOON: Final = time(12, tzinfo=JST)
_ACT: Final = "claim-credit"


@dataclass(frozen=True, slots=True)
class Recredited:
    """A credit that was granted, and what its claim comes to now. `decided` None: its outage is none any more."""

    contract: str
    before: Credit
    decided: Decided | None

    @property
    def amount(self) -> Yen:
        """What is credited now; 0 as long as a person has to decide."""
        if self.decided is None or self.decided.decision.verdict is not Verdict.ACCEPT:
            return Yen(0)
        return self.decided.decision.amounts["credit"]


def recredit(
    office: Office, contract: str, about: Interval, *, why: str, actor: str
) -> tuple[Recredited, ...]:
    """The credits of a contract that would not be granted as they were, of outages in a time and of those that are
    none any more. Judged as of the day of the claim. An invoice that has one is corrected when its month is closed
    again."""
    return tuple(
        Recredited(contract, credit, _anew(office, contract, credit, why, actor))
        for credit in tuple(_doubtful(office.contract(contract), about))
        if not _stands(office, contract, credit)
    )


def _doubtful(contract: Contract, about: Interval) -> Iterator[Credit]:
    outages = {each.id: each for each in map(outage_of, contract.outages)}
    for credit in contract.credits:
        if credit.outage not in outages or outages[credit.outage].interval.meets(about):
            yield credit


def _stands(office: Office, name: str, credit: Credit) -> bool:
    """Whether the claim would be granted today as it was, had it not been."""
    contract = office.contract(name)
    if credit.outage not in {each["id"] for each in contract.outages}:
        return False
    service = service_named(contract.service)
    situation = _before(office.situation(service, credit.claimed_on), name, credit)
    asked = office.read(_ACT, _claim(contract, credit), service=contract.service)
    decision = service.decide(asked, situation, asked.at)
    return decision.verdict is Verdict.ACCEPT and decision.amounts.get("credit") == credit.amount


def _before(situation: Situation, name: str, credit: Credit) -> Situation:
    """As it was before the credit was granted."""
    contract = situation.contract(name)
    without = replace(contract, credits=tuple(each for each in contract.credits if each != credit))
    return replace(situation, contracts={**situation.contracts, name: without})


def _anew(office: Office, name: str, credit: Credit, why: str, actor: str) -> Decided | None:
    granted = [
        entry
        for entry in standing(office.book.read(f"contract:{name}"))
        if entry.fact.kind == "credit.granted" and entry.fact.body["outage"] == credit.outage
    ]
    office.state([(f"contract:{name}", strike(entry, why)) for entry in granted], actor)
    contract = office.contract(name)
    if credit.outage not in {each["id"] for each in contract.outages}:
        return None
    return office.apply(_ACT, _claim(contract, credit), service=contract.service, actor=actor)


def _claim(contract: Contract, credit: Credit) -> dict[str, str]:
    """The customer's claim of that day."""
    at = datetime.combine(credit.claimed_on, _NOON).isoformat()
    return {"by": contract.customer, "contract": contract.id, "outage": credit.outage, "at": at}
