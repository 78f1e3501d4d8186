"""Managed VPN PRO's side of an invoice: what it charges, in words and figures (art. 19 to 21, Schedules 1 to 3)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any, cast

from kitei.accounts.credit import join_outages
from kitei.accounts.tariff import Fee, Missing, Nature, Prices, Stated, Subject, Tariff
from kitei.ledger.contracts import Charge, Contract, Credit, OptionTaken
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.edition import TERMS
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


def subject(contract: Contract) -> Subject:
    """A contract by network, kind and name; parents first, monitoring after the sites."""
    edition = TERMS.editions[-1]
    name, number = str(contract.body.get("name", "")), contract.body.get("number")
    shown = edition.value("kinds" if is_site(contract) else "items")
    kind = shown[contract.kind if is_site(contract) else contract.item].name
    told = Words(f"{kind.ja} {name}".strip(), f"{kind.en} {name}".strip())
    place = f"{number:06}" if isinstance(number, int) and is_site(contract) else "monitoring"
    return Subject(
        Words(f"VPN 網 {contract.group} {told.ja}", f"VPN network {contract.group}, {told.en}"),
        (contract.group, place, contract.id),
    )


def fees(contract: Contract, edition: Edition) -> Iterator[Fee]:
    """The base fee from billing start, and each option's from its own, where Schedule 1, 2 names one."""
    last = contract.ending.last if contract.ending else None
    titles, items = edition.value("fees"), edition.value("items")
    if contract.billing_start is not None:
        title, item = titles["monthly"].name, items[contract.item].name
        yield Fee(
            name="monthly",
            fee="monthly",
            about={},
            days=Span(contract.billing_start, last),
            words=Words(f"{title.ja}({item.ja})", f"{title.en} ({item.en.lower()})"),
            paths=("art:19.1.s2", "schedule:1.2.1"),
        )
    for option in contract.options:
        choice = edition.value("options")[option.name]
        if option.billing_start is None or not choice.has("monthly_fee"):
            continue
        ends = [day for day in (last, option.ending.last if option.ending else None) if day]
        yield Fee(
            name=f"option-monthly:{option.name}",
            fee="option-monthly",
            about={"option": option.name},
            days=Span(option.billing_start, min(ends, default=None)),
            words=Words(f"{choice.name.ja} 月額", f"{choice.name.en}, monthly fee"),
            paths=("art:19.1.s2", choice.text("monthly_fee")),
            quotes=option.quotes,
        )


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures. One without an amount takes a price told since it fell due."""
    words = _title(charge, edition)
    match charge.name:
        case "setting-change":
            return _work(charge, words, edition)
        case "settlement" | "option-settlement":
            return _settlement(charge, contract, prices, words)
    nature: Nature = "compensation" if charge.name in COMPENSATIONS else "supply"
    if charge.amount is not None:
        return Stated(words, Fraction(1), charge.amount, ONCE, _costs(charge), nature=nature)
    quote = prices.on(charge.due_on, charge.name, contract, _about(charge, contract))
    if quote is None or (charge.name == "initial" and not quote.scope):
        # An initial price that names nothing answers for an application as a whole, not for this site.
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
        known, restored = _clock(outage.known_at), _clock(outage.restored_at)
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


def _title(charge: Charge, edition: Edition) -> Words:
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


def _work(charge: Charge, words: Words, edition: Edition) -> Stated:
    """A change of settings: devices × works, at the price of the hour it began (Schedule 1, 3(3))."""
    detail = cast(Mapping[str, Any], charge.detail)
    devices, works, unit = (int(detail[key]) for key in ("devices", "works", "unit"))
    start = datetime.fromisoformat(detail["start"])
    low, high = edition.value("work_hours_from").number, edition.value("work_hours_until").number
    inside = any(cite.endswith("#schedule:1.3.3.t1") for cite in charge.cites)
    hours = f"{low:02}:00–{high:02}:00"
    place = (
        Words(f"{hours} の時間内", f"inside {hours}")
        if inside
        else Words(f"{hours} の時間外", f"outside {hours}")
    )
    sites = ", ".join(str(each) for each in detail.get("sites") or ())
    return Stated(
        words=Words(f"{words.ja}({sites})", f"{words.en} ({sites})") if sites else words,
        quantity=Fraction(devices * works),
        unit=Yen(unit),
        measure=Words(
            f"{devices} 台 × {works} 作業", f"{_counted(devices, 'device')} × {_counted(works, 'work')}"
        ),
        steps=(
            Words(
                f"{_clock(start)} 開始、{place.ja}: 1 台 1 作業 {in_yen(Yen(unit))}",
                f"begun {_clock(start)}, {place.en}: {in_yen(Yen(unit))} for each device and work",
            ),
        ),
        period=Span(day_of(start), day_of(start)),
    )


def _settlement(charge: Charge, contract: Contract, prices: Prices, words: Words) -> Stated | Missing:
    """What remains of a minimum term, in monthly fees of the day it ended (Schedule 2)."""
    detail = cast(Mapping[str, Any], charge.detail)
    option = next((each for each in reversed(contract.options) if each.name == detail.get("option")), None)
    if charge.name == "option-settlement":
        own = option.quotes if option else ()
        quote = prices.on(charge.due_on, "option-monthly", contract, {"option": detail["option"]}, own)
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
    left = Words(f"{months} か月", _counted(months, "month"))
    if days:
        left = Words(f"{left.ja} {days} 日", f"{left.en} {_counted(days, 'day')}")
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
    held = next((d.model for d in contract.devices if d.serial == detail.get("serial")), None)
    about["model"] = about["model"] or held
    if charge.name == "onsite-installation":
        about["option"] = charge.name
    return {key: value for key, value in about.items() if isinstance(value, str)}


def _thirtieths(odd: Fraction) -> str:
    return f"{odd * 30}/30" if (odd * 30).denominator == 1 else str(odd)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _hours(hours: Fraction) -> str:
    """Whole hours as they are, others to the second place."""
    return str(hours) if hours.denominator == 1 else f"{float(hours):.2f}"


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(JST):%Y-%m-%d %H:%M}"


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(fees(contract, edition)),
    state=state,
    credit=credit,
)
