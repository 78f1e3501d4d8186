"""Articles 9(4), 11 and 13 with Schedule 2: how contracts and options end, and by whose count of accounts it is settled."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from kitei.clauses.acts import Cancel, OperatorTerminate, StopOption
from kitei.clauses.ending import Ending, Endings
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.rules.eligibility import ending_with, left_without
from kitei.services.secure_access.rules.fees import price, price_of_option
from kitei.values import Words, Yen


def counted_accounts(s: Situation, contract: Contract, effective: date) -> int:
    """The accounts that a settlement counts: of the effective day, or of the notice (settlement.account-count-day)."""
    by_notice = s.reading("settlement.account-count-day").value == "notice-day"
    return accounts_on(contract, min(s.on, effective) if by_notice else effective)


def settled_monthly(s: Situation, contract: Contract, on: date) -> Yen | None:
    """The base fee that a settlement is a part of."""
    return price(s, contract, on, counted_accounts(s, contract, on)).amount


def settled_option(s: Situation, contract: Contract, option: OptionTaken, on: date) -> Yen | None:
    """The option's fee that a settlement is a part of; the day of its count is not written (SA-D05)."""
    return price_of_option(s, contract, option, on, counted_accounts(s, contract, on)).amount


def ground_of(asked: Ending, contract: Contract) -> str:
    """Those that end with the one named end by cascade."""
    return asked.ground if contract.id == asked.contract else "cascade"


def count_finding(s: Situation, contract: Contract, effective: date, path: str) -> Finding:
    """Which accounts were counted, and what the fee came to."""
    how, count = s.reading("settlement.account-count-day"), counted_accounts(s, contract, effective)
    told = price(s, contract, effective, count)
    return s.accept(
        path,
        why=Words(
            f"{contract.id} は {count} アカウントで数えます。{told.steps.ja}",
            f"{contract.id} counts with {count} accounts: {told.steps.en}",
        ),
        conventions=(how.pair,),
        defects=s.defects(path),
    )


def _follows(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """What an ending means for the contracts that rest on this one."""
    if contract.term is None or effective < contract.term.last:
        yield count_finding(s, contract, effective, "schedule:2.1")
    yield from left_without(contract, effective, s)


SETTLEMENTS = ("settlement", "option-settlement")

ENDINGS = Endings(
    monthly=settled_monthly,
    option_monthly=settled_option,
    together=ending_with,
    more=_follows,
    ground=ground_of,
)


def noticed(asked: Cancel, s: Situation) -> Iterator[Finding]:
    """Art. 11.1 and 13.1: the customer's notice, and what it costs."""
    yield from _counted(ENDINGS.noticed(asked, s), s)


def terminated(asked: OperatorTerminate, s: Situation) -> Iterator[Finding]:
    """Art. 13.1: a termination by the operator, and what it costs."""
    yield from _counted(ENDINGS.terminated(asked, s), s)


def stopped(asked: StopOption, s: Situation) -> Iterator[Finding]:
    """Art. 9.4 and 13.2: an option stops, and what it costs."""
    yield from _counted(ENDINGS.stopped(asked, s), s)


def _counted(findings: Iterator[Finding], s: Situation) -> Iterator[Finding]:
    """Settlements that say by how many accounts, and by which reading of their day."""
    how = s.reading("settlement.account-count-day").pair
    for finding in findings:
        if not any(due.name in SETTLEMENTS for due in finding.charges):
            yield finding
            continue
        charges = tuple(
            replace(
                due,
                conventions=(*due.conventions, how),
                detail={
                    **due.detail,
                    "accounts": counted_accounts(s, s.contract(due.contract), due.due_on),
                },
            )
            for due in finding.charges
        )
        yield replace(finding, charges=charges, conventions=(*finding.conventions, how))
