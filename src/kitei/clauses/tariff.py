"""A service's side of an invoice, as far as services have it in common: fees, charges and credits in words."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, cast

from kitei.accounts.credit import join_outages
from kitei.accounts.tariff import Fee, Missing, Nature, Prices, Stated, Subject
from kitei.clauses.options import CONTENTS, about_option
from kitei.ledger.contracts import Charge, Contract, Credit, OptionTaken
from kitei.terms import Edition
from kitei.values import JST, Span, Words, Yen, day_of, in_yen
from kitei.watch import Outage, outage_of

# What makes good a loss and is no price of a service (convention tax.compensation).
COMPENSATIONS = ("settlement", "option-settlement", "lost-device", "device-repair")

_OTHERS = {
    "settlement": Words("最低利用期間内解除調定金", "Settlement of the minimum term"),
    "option-settlement": Words("最低利用期間内調定金", "Settlement of the option's minimum term"),
    "device-repair": Words("機器の修理に要する費用", "Repair of a device"),
}
ONCE = Words("一式", "lump sum")


def subject(contract: Contract, edition: Edition) -> Subject:
    """A contract by its kind or item and its own name."""
    shown = edition.value("kinds" if contract.kind else "items")
    name = str(contract.body.get("name") or contract.id)
    what = shown[contract.kind or contract.item].name
    place = (contract.kind, contract.item, contract.id)
    return Subject(Words(f"{what.ja} {name}", f"{what.en} {name}"), place)


def fees(contract: Contract, edition: Edition) -> Iterator[Fee]:
    """The base fee from billing start, and each option's from its own, where the terms name one."""
    if contract.billing_start is not None:
        yield base_fee(contract, edition)
    for option in contract.options:
        if (fee := option_fee(contract, option, edition)) is not None:
            yield fee


def base_fee(contract: Contract, edition: Edition) -> Fee:
    """The monthly fee of a contract that is billed. Roles: `due`, `monthly`."""
    assert contract.billing_start is not None
    title = edition.value("fees")["monthly"].name
    shown, slug = ("items", contract.item) if contract.item else ("kinds", contract.kind)
    what = edition.value(shown)[slug].name
    return Fee(
        name="monthly",
        fee="monthly",
        about={},
        days=Span(contract.billing_start, contract.ending.last if contract.ending else None),
        words=Words(f"{title.ja}({what.ja})", f"{title.en} ({what.en[:1].lower()}{what.en[1:]})"),
        paths=(edition.role("due"), edition.role("monthly")),
    )


def option_fee(contract: Contract, option: OptionTaken, edition: Edition) -> Fee | None:
    """The monthly fee of an option, None where it has none or is not billed."""
    choice = edition.value("options")[option.name]
    if option.billing_start is None or not choice.has("monthly_fee"):
        return None
    ends = [ending.last for ending in (contract.ending, option.ending) if ending]
    return Fee(
        name=f"option-monthly:{option.name}",
        fee="option-monthly",
        about=about_option(option),
        days=Span(option.billing_start, min(ends, default=None)),
        words=Words(f"{choice.name.ja} 月額", f"{choice.name.en}, monthly fee"),
        paths=(edition.role("due"), choice.text("monthly_fee")),
        quotes=option.quotes,
    )


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures. One without an amount takes a price told since it fell due."""
    words = title(charge, edition)
    if charge.name in ("settlement", "option-settlement"):
        return settlement(charge, contract, prices, words)
    nature: Nature = "compensation" if charge.name in COMPENSATIONS else "supply"
    if charge.amount is not None:
        return Stated(words, Fraction(1), charge.amount, ONCE, _costs(charge), nature=nature)
    quote = prices.on(charge.due_on, charge.name, contract, _about(charge, contract))
    if quote is None or (charge.name == "initial" and not quote.scope):
        # An initial price that names nothing answers for an application as a whole, not for one contract.
        return Missing(contract.id, charge.missing or charge.name, charge.due_on, words, charge.cites)
    return Stated(words, Fraction(1), quote.amount, ONCE, nature=nature)


def credit(given: Credit, contract: Contract, prices: Prices, edition: Edition) -> Stated:
    """A credit: whole days without service, each a thirtieth of the monthly fee (Schedule 3)."""
    outage = _outage(given, contract)
    on = day_of(outage.known_at) if outage else given.claimed_on
    quote = prices.on(on, "monthly", contract)
    unit, share = (quote.amount, given.fraction) if quote else (given.amount, Fraction(1))
    parts = given.units / given.fraction if given.fraction else Fraction(1)
    until = day_of(outage.restored_at) if outage and outage.restored_at else None
    return Stated(
        words=Words("利用不能による料金の減額", "Credit for an outage"),
        quantity=share,
        unit=unit,
        measure=Words(f"{given.units}/{parts} か月", f"{given.units}/{parts} month"),
        steps=tuple(_credit_steps(given, outage, unit, parts, edition)),
        period=Span(on, until) if until else None,
    )


def _credit_steps(
    given: Credit, outage: Outage | None, unit: Yen, parts: Fraction, edition: Edition
) -> Iterator[Words]:
    hours = edition.value("credit_hours").number
    if outage is not None and outage.restored_at is not None:
        lasted = outage.hours()
        known, restored = clock(outage.known_at), clock(outage.restored_at)
        yield Words(
            f"当社が知った {known} から復旧の {restored} まで {_hours(lasted)} 時間",
            f"{_hours(lasted)} hours from {known}, when the operator knew, to {restored}, when it was restored",
        )
        if floor(lasted / hours) == given.units:
            yield Words(
                f"{_hours(lasted)} ÷ {hours} の端数を切り捨てて {given.units}",
                f"{_hours(lasted)} / {hours}, fractions dropped: {given.units}",
            )
    yield from _product(f"{given.units} × {in_yen(unit)} ÷ {parts}", given.fraction * unit, given.amount)


def _product(shown: str, exact: Fraction, amount: Yen | None) -> Iterator[Words]:
    """What a product comes to, unless the amount was reckoned otherwise. An open amount shows when exact."""
    told = in_yen(amount if amount is not None else Yen(int(exact)))
    if exact == (amount if amount is not None else int(exact)):
        yield Words(f"{shown} = {told}", f"{shown.replace('÷', '/')} = {told}")
    elif amount is not None and abs(exact - amount) < 1:
        yield Words(f"{shown} を円未満で丸めて {told}", f"{shown.replace('÷', '/')}, rounded to {told}")


def _outage(given: Credit, contract: Contract) -> Outage | None:
    """The outage a credit is for, records of one unbroken state joined as they were when it was granted."""
    way = dict(given.conventions).get("credit.continuity", "union")
    outages = join_outages([outage_of(body) for body in contract.outages], timedelta(0), way)
    return next((outage for outage in outages if outage.id == given.outage), None)


def title(charge: Charge, edition: Edition) -> Words:
    known = {choice.slug: choice.name for choice in edition.value("fees").choices}
    words = _OTHERS.get(charge.name) or known.get(charge.name) or Words(charge.name, charge.name)
    option = charge.detail.get("option")
    if isinstance(option, str):
        named = edition.value("options")[option].name
        words = Words(f"{words.ja}({named.ja})", f"{words.en} ({named.en})")
    serial = charge.detail.get("serial")
    if isinstance(serial, str):
        words = Words(f"{words.ja}({serial})", f"{words.en} ({serial})")
    if "from" in charge.detail and "to" in charge.detail:
        change = f"{charge.detail['from']} → {charge.detail['to']}"
        words = Words(f"{words.ja}({change})", f"{words.en} ({change})")
    return words


def settlement(charge: Charge, contract: Contract, prices: Prices, words: Words) -> Stated | Missing:
    """What remains of a minimum term, in monthly fees of the day it ended (Schedule 2)."""
    detail = cast(Mapping[str, Any], charge.detail)
    option = next((each for each in reversed(contract.options) if each.name == detail.get("option")), None)
    if charge.name == "option-settlement":
        own = option.quotes if option else ()
        about = about_option(option) if option else {"option": str(detail["option"])}
        quote = prices.on(charge.due_on, "option-monthly", contract, about, own)
        fee = "option-monthly"
    else:
        quote, fee = prices.on(charge.due_on, "monthly", contract), "monthly"
    worth = Fraction(detail["worth"])
    if quote is None and charge.amount is None:
        return Missing(contract.id, fee, charge.due_on, words, charge.cites)
    if quote is None:
        assert charge.amount is not None
        return Stated(words, Fraction(1), charge.amount, ONCE, nature="compensation")
    months, days = int(detail["months"]), int(detail["days"])
    left = Words(f"{months} か月", counted(months, "month"))
    if days:
        left = Words(f"{left.ja} {days} 日", f"{left.en} {counted(days, 'day')}")
    return Stated(
        words=words,
        quantity=worth,
        unit=quote.amount,
        measure=left,
        steps=tuple(_settlement_steps(charge, contract, option, left, worth, quote.amount)),
        period=Span(charge.due_on, charge.due_on),
        nature="compensation",
    )


def _settlement_steps(
    charge: Charge, contract: Contract, option: OptionTaken | None, left: Words, worth: Fraction, fee: Yen
) -> Iterator[Words]:
    term = option.term if option else contract.term
    if term is not None:
        yield Words(
            f"最低利用期間は {term.start} から {term.months} か月、{term.last} まで",
            f"minimum term of {term.months} months from {term.start}, to {term.last}",
        )
    yield Words(
        f"{charge.due_on} に終了、残りは {left.ja}", f"ended on {charge.due_on}, which leaves {left.en}"
    )
    whole, odd = divmod(worth, 1)
    shown = f"{whole}" if not odd else f"({whole} + {_thirtieths(odd)})"
    yield from _product(f"{shown} × {in_yen(fee)}", worth * fee, charge.amount)


def _costs(charge: Charge) -> tuple[Words, ...]:
    """What an actual cost is made of, where that was recorded."""
    named = {
        "quoted": Words("見積もり額", "quoted"),
        "travel": Words("旅費の実費", "travel at cost"),
        "special_works": Words("特別な工事の実費", "special works at cost"),
        "cancelled": Words("作業中止の費用", "cancelled work"),
        "long_hours": Words("長時間の費用", "long hours"),
        "urgent": Words("緊急対応の費用", "urgent work"),
    }
    return tuple(
        Words(f"{words.ja} {in_yen(Yen(cost))}", f"{words.en} {in_yen(Yen(cost))}")
        for key, words in named.items()
        if type(cost := charge.detail.get(key)) is int and cost
    )


def _about(charge: Charge, contract: Contract) -> dict[str, str]:
    """What a quote may be narrowed to, as far as the charge recorded it."""
    detail = charge.detail
    about = {"option": detail.get("option"), "model": detail.get("model") or detail.get("to")}
    about |= {key: str(detail[key]) for key in CONTENTS if key != "model" and key in detail}
    held = next((d.model for d in contract.devices if d.serial == detail.get("serial")), None)
    about["model"] = about["model"] or held
    if charge.name.startswith("onsite-"):
        about["option"] = charge.name
    return {key: value for key, value in about.items() if isinstance(value, str)}


def _thirtieths(odd: Fraction) -> str:
    return f"{odd * 30}/30" if (odd * 30).denominator == 1 else str(odd)


def counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _hours(hours: Fraction) -> str:
    """Whole hours as they are, others to the second place."""
    return str(hours) if hours.denominator == 1 else f"{float(hours):.2f}"


def clock(instant: datetime) -> str:
    return f"{instant.astimezone(JST):%Y-%m-%d %H:%M}"
