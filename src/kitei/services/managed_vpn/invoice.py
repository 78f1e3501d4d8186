"""Managed VPN PRO's side of an invoice: what it charges, in words and figures (art. 19 to 21, Schedules 1 to 3)."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

from kitei.accounts.tariff import Missing, Prices, Stated, Subject, Tariff
from kitei.clauses import tariff
from kitei.clauses.tariff import clock, counted
from kitei.ledger.contracts import Charge, Contract
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.edition import TERMS
from kitei.terms import Edition
from kitei.values import Span, Words, Yen, day_of, in_yen


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


def state(charge: Charge, contract: Contract, prices: Prices, edition: Edition) -> Stated | Missing:
    """A charge in words and figures; a change of settings by devices and works."""
    if charge.name == "setting-change":
        return _work(charge, tariff.title(charge, edition), edition)
    return tariff.state(charge, contract, prices, edition)


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
            f"{devices} 台 × {works} 作業", f"{counted(devices, 'device')} × {counted(works, 'work')}"
        ),
        steps=(
            Words(
                f"{clock(start)} 開始、{place.ja}: 1 台 1 作業 {in_yen(Yen(unit))}",
                f"begun {clock(start)}, {place.en}: {in_yen(Yen(unit))} for each device and work",
            ),
        ),
        period=Span(day_of(start), day_of(start)),
    )


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(tariff.fees(contract, edition)),
    state=state,
    credit=tariff.credit,
)
