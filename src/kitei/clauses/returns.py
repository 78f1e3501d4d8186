"""Lent devices go back: by which day, and what follows where they do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kitei.clauses.acts import Act
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import rolled
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, Device
from kitei.terms import days_after
from kitei.values import Words, Yen

GONE = ("returned", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Act):
    """A contract has ended: what follows for its devices."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck(Act):
    """What a day brings for a contract: return deadlines that have passed."""

    contract: str


def return_finding(s: Situation, end: date) -> Finding:
    """The last day to return a device after what it served ended on `end`. Role: `device-return`."""
    how = s.reading("device.return")
    last = return_day(s, end)
    out, back, days = end.isoformat(), last.isoformat(), s.number("return_days")
    done = Words("届いて", "be back") if how.value == "arrived" else Words("送り出して", "be on its way back")
    return s.accept(
        s.role("device-return"),
        why=Words(
            f"機器は {out} の翌日から {days} 日目の {back} までに{done.ja}いなければなりません",
            f"the device has to {done.en} by {back}, {days} days after {out}",
        ),
        dates=(("deadline", last), ("return_by", last)),
        conventions=(how.pair,),
        review=how.review,
    )


def return_day(s: Situation, end: date) -> date:
    """The last day to return a device after the day its use ended."""
    return rolled(s, days_after(end, s.number("return_days")))


def ended(asked: Ended, s: Situation) -> Iterator[Finding]:
    """When the devices of a contract that has ended must be back."""
    contract = s.contract(asked.contract)
    if contract.ending is None:
        yield s.refuse(
            s.role("device-return"),
            why=Words(f"契約 {contract.id} は終わっていません", f"contract {contract.id} has not ended"),
            place="ended.contract",
        )
    else:
        yield return_finding(s, contract.ending.last)


def due_back(s: Situation, contract: Contract, device: Device) -> date | None:
    """The last day to return a device, None while it may stay."""
    if device.return_by is not None:
        return device.return_by
    if contract.ending is not None and device.state not in GONE:
        return return_day(s, contract.ending.last)
    return None


def overdue(s: Situation, contract: Contract) -> tuple[Device, ...]:
    """Devices whose day to be returned has passed and that are neither back nor counted as lost yet."""
    return tuple(
        device
        for device in contract.devices
        if device.state not in GONE and (last := due_back(s, contract, device)) is not None and last < s.on
    )


def not_returned(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """A device not returned in time counts as lost and is charged, at the quoted price.

    Roles: `device-loss`, `device-return`, `lost-device` (schedule).
    """
    contract = s.contract(asked.contract)
    days = [day for device in contract.devices if (day := due_back(s, contract, device))]
    if days:
        yield s.accept(
            s.role("device-return"),
            why=Words(f"返還の期限は {max(days)} です", f"the last day to return is {max(days)}"),
            dates=(("deadline", max(days)),),
            conventions=(s.reading("device.return").pair,),
        )
    late = overdue(s, contract)
    how = s.reading("device.return-charge")
    if not late:
        yield s.accept(
            s.role("device-loss"),
            why=Words("期限を過ぎた機器はありません", "no device is past its day"),
            amounts=(("lost-device", Yen(0)),),
        )
    for device in late:
        if how.value == "after-reminder" and asked.known.instruction != "reminded":
            yield s.refer(
                s.role("device-loss"),
                proposes=Verdict.ACCEPT,
                why=Words(
                    f"{device.serial} は期限を過ぎました。催促の後に請求します",
                    f"{device.serial} is past its day; it is charged after a reminder",
                ),
                conventions=(how.pair,),
                review=how.review,
            )
            continue
        yield quoted_charge(
            s,
            "lost-device",
            s.role("lost-device"),
            contract,
            due_on=s.on,
            why=Words(
                f"{device.serial} は期限までに返らず、亡失品とみます",
                f"{device.serial} was not back in time and counts as lost",
            ),
            more=(s.role("device-loss"), s.role("device-return")),
            detail={"serial": device.serial},
            about={"model": device.model},
            conventions=(how.pair,),
            defects=s.defects(s.role("device-loss")),
            review=how.review,
        )
