"""Options: how they are applied for, which run, and for how long."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, Protocol

from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.values import Words


def running(contract: Contract, option: str, on: date) -> OptionTaken | None:
    """The option of that name a contract has on a day, the first of several; None where it has none."""
    return next(iter(all_running(contract, option, on)), None)


def all_running(contract: Contract, option: str, on: date) -> tuple[OptionTaken, ...]:
    """All of that name: some can be had more than once."""
    return tuple(
        each
        for each in contract.options
        if each.name == option and (each.ending is None or on <= each.ending.last)
    )


# What an option is taken with, as far as its price may depend on it.
CONTENTS: Final = ("model", "variant", "mbps", "routers")


def about_option(option: OptionTaken) -> dict[str, str]:
    """What a quote for an option may be narrowed to: its name, and what it was taken with."""
    told = {key: option.body.get(key) for key in CONTENTS}
    return {"option": option.name} | {key: str(value) for key, value in told.items() if value is not None}


def to_bill(several: Sequence[OptionTaken]) -> OptionTaken | None:
    """Of options of one name, taken more than once, whose billing is meant: the latest that has none, else the latest."""
    unbilled = [each for each in several if each.billing_start is None]
    return next(iter(reversed(unbilled or several)), None)


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


class Asked(Protocol):
    """An option as it is applied for."""

    @property
    def option(self) -> str: ...

    @property
    def form(self) -> str: ...


def misasked(s: Situation, wanted: Asked, place: str, part: int | None = None) -> Iterator[Finding]:
    """What is wrong with how an option is applied for: off the list, or in another form.

    Roles: `options` (the list), `option-form`.
    """
    if s.choice("options", wanted.option) is None:
        known = s.edition.value("options").choices
        yield s.refuse(
            s.role("options"),
            why=Words(f"オプション {wanted.option} はありません", f"there is no option {wanted.option}"),
            place=f"{place}.option",
            remedy=Words(
                "、".join(each.name.ja for each in known) + " のどれかです",
                "it is one of " + ", ".join(each.slug for each in known),
            ),
            part=part,
        )
    if wanted.form != "prescribed":
        yield s.refuse(
            s.role("option-form"),
            why=Words(
                f"オプションは所定の申込書で申し込みます。届いたのは {wanted.form} です",
                f"an option is applied for in the prescribed form; what came is {wanted.form}",
            ),
            place=f"{place}.form",
            remedy=Words("所定の申込書で出し直してください", "apply again in the prescribed form"),
            part=part,
        )
