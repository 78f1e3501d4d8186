"""Articles 9(4), 11 and 13 with Schedule 2: how contracts and options end, and by whose count of accounts it is settled."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import StopOption
from kitei.clauses.ending import Ending, Endings
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.rules.eligibility import ending_with, left_without
from kitei.services.secure_access.rules.fees import option_price, price
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
    return option_price(s, contract, option, on, counted_accounts(s, contract, on)).amount


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


ENDINGS = Endings(
    monthly=settled_monthly,
    option_monthly=settled_option,
    together=ending_with,
    more=_follows,
    ground=ground_of,
)


def stop_counted(asked: StopOption, s: Situation) -> Iterator[Finding]:
    """Schedule 2, second part: by which accounts the sandbox is settled (SA-D05)."""
    choice = s.choice("options", asked.option)
    if choice is not None and choice.has("term_months"):
        how = s.reading("settlement.account-count-day")
        yield s.accept(
            "schedule:2.2", why=_COUNTED, conventions=(how.pair,), defects=s.defects("schedule:2.2")
        )


_COUNTED = Words(
    "残りがあれば、終わる日のアカウント数で数えます",
    "what remains is counted by the accounts of its last day",
)
