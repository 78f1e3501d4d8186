"""DDoS Protection's side of an invoice: what it charges, in words and figures (art. 12 to 14, Schedules 1 to 3)."""

from dataclasses import replace

from kitei.accounts.tariff import Fee, Missing, Prices, Stated, Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Charge, Contract
from kitei.services.ddos.contract import text_of
from kitei.services.ddos.edition import TERMS
from kitei.terms import Edition
from kitei.values import Words


def subject(contract: Contract) -> Subject:
    """A contract by its item and name; a type M stands under the contract it is added to."""
    told = tariff.subject(contract, TERMS.editions[-1])
    base = text_of(contract, "base")
    return replace(told, place=(base or contract.id, "" if base is None else contract.id, contract.id))


def fees(contract: Contract, edition: Edition) -> tuple[Fee, ...]:
    """The monthly fee of the item's own row, and those of options; a bandwidth extension says how much it adds."""
    row = edition.value("items")[contract.item].text("monthly_fee")
    return tuple(
        replace(each, paths=(*each.paths, row)) if each.name == "monthly" else each
        for each in tariff.fees(contract, edition)
    )


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


TARIFF = Tariff(terms=TERMS, subject=subject, fees=fees, state=state, credit=tariff.credit)
