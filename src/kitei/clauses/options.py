"""Options of a contract: which run, and for how long."""

from collections.abc import Sequence
from datetime import date

from kitei.desk import Situation
from kitei.ledger.contracts import Contract, OptionTaken


def running(contract: Contract, option: str, on: date) -> OptionTaken | None:
    """The option of that name a contract has on a day, None where it has none."""
    return next(
        (
            each
            for each in contract.options
            if each.name == option and (each.ending is None or on <= each.ending.last)
        ),
        None,
    )


def running_options(contract: Contract, until: date) -> Sequence[OptionTaken]:
    """Options that have not ended by a day, so that they end with the contract."""
    return [each for each in contract.options if each.ending is None or until < each.ending.last]


def option_months(s: Situation, option: OptionTaken) -> int | None:
    """The length of an option's minimum term: its own where it was taken so (`months`), else by the list.

    None, or 0 of its own: it has none.
    """
    own = option.body.get("months")
    if type(own) is int:
        return own or None
    choice = s.choice("options", option.name)
    return choice.number("term_months") if choice and choice.has("term_months") else None
