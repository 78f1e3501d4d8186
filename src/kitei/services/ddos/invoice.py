"""DDoS Protection's side of an invoice: what it charges, in words and figures (art. 12 to 14, Schedules 1 to 3)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from kitei.accounts.tariff import Fee, Missing, Prices, Stated, Subject, Tariff
from kitei.clauses import tariff
from kitei.clauses.contract import tables
from kitei.ledger.contracts import Charge, Contract, Credit
from kitei.services.ddos.contract import item_on, text_of
from kitei.services.ddos.edition import TERMS
from kitei.terms import Edition
from kitei.values import Span, Words, day_of
from kitei.watch import outage_of


def subject(contract: Contract) -> Subject:
    """A contract by its item and name; a type M stands under the contract it is added to."""
    told = tariff.subject(contract, TERMS.editions[-1])
    base = text_of(contract, "base")
    return replace(told, place=(base or contract.id, "" if base is None else contract.id, contract.id))


def fees(contract: Contract, edition: Edition) -> tuple[Fee, ...]:
    """The monthly fee of each item's own row, for as long as the contract had it, and those of options."""
    found: list[Fee] = []
    for each in tariff.fees(contract, edition):
        found += _by_item(each, contract, edition) if each.name == "monthly" else (_by_content(each),)
    return tuple(found)


def _by_content(fee: Fee) -> Fee:
    """An option's fee; that of a bandwidth extension says of how much."""
    mbps = fee.about.get("mbps")
    if mbps is None:
        return fee
    words = Words(f"{fee.words.ja}({int(mbps):,} Mbps)", f"{fee.words.en} ({int(mbps):,} Mbps)")
    return replace(fee, words=words)


def _by_item(fee: Fee, contract: Contract, edition: Edition) -> Iterator[Fee]:
    """A base fee cut where the item changed, each part in the words and the row of its item."""
    first, items = fee.days.first, edition.value("items")
    title = edition.value("fees")["monthly"].name
    changed = sorted(tables(contract.body, "changed"), key=lambda each: str(each["until"]))
    for slug, until in (
        *((each["item"], date.fromisoformat(each["until"])) for each in changed),
        (contract.item, None),
    ):
        last = until if fee.days.last is None else min(fee.days.last, until or fee.days.last)
        if last is None or first <= last:
            item = items[slug]
            yield replace(
                fee,
                about={"item": slug},
                days=Span(first, last),
                words=Words(f"{title.ja}({item.name.ja})", f"{title.en} ({item.name.en})"),
                paths=(*fee.paths, item.text("monthly_fee")),
            )
            if last is None:
                return
            first = last + timedelta(days=1)


def credit(given: Credit, contract: Contract, prices: Prices, edition: Edition) -> Stated:
    """A credit is a part of the fee of the item the contract had when the outage was known."""
    outage = next((outage_of(each) for each in contract.outages if each["id"] == given.outage), None)
    on = day_of(outage.known_at) if outage else given.claimed_on
    return tariff.credit(given, replace(contract, item=item_on(contract, on)), prices, edition)


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures; a change of item by its names."""
    told = tariff.state(charge, contract, prices, edition)
    if charge.name != "item-change":
        return told
    items = edition.value("items")
    before, after = (items.choose(str(charge.detail.get(key) or "")) for key in ("from", "to"))
    if before is None or after is None:
        return told
    title = edition.value("fees")["item-change"].name
    words = Words(
        f"{title.ja}({before.name.ja} → {after.name.ja})",
        f"{title.en} ({before.name.en} → {after.name.en})",
    )
    return replace(told, words=words)


TARIFF = Tariff(terms=TERMS, subject=subject, fees=fees, state=state, credit=credit)
