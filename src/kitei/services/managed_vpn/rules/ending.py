"""Articles 14(3), 16(2), 18 and 20: how a contract ends and what follows for its devices."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.contract import IN_SERVICE
from kitei.clauses.ending import Ending, Endings
from kitei.clauses.fees import quoted_charge
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, Device
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.operation import DayCheck, Ended
from kitei.services.managed_vpn.rules.changes import return_day, return_finding
from kitei.services.managed_vpn.rules.networks import parent_of, sites_in_force
from kitei.values import Words, Yen


def ending_with(asked: Ending, s: Situation) -> tuple[Contract, ...]:
    """The contracts that end: the one, and where the operator so reads it the children of a parent."""
    contract = s.contract(asked.contract)
    if contract.kind != "parent" or not is_site(contract) or s.reading("mvp.orphan").value != "cascade":
        return (contract,)
    return (contract, *sites_in_force(s, contract.group, "child"))


def orphans(contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """Art. 8.1 speaks of applications only: whom an ending leaves alone is flagged (convention mvp.orphan)."""
    children = [
        each
        for each in sites_in_force(s, contract.group, "child")
        if each.id != contract.id and (each.ending is None or effective < each.ending.last)
    ]
    how = s.reading("mvp.orphan")
    more = {"conventions": (how.pair,), "defects": ("MVP-D15",)}
    if contract.kind == "parent" and children:
        names = ", ".join(each.id for each in children)
        if how.value == "refuse-parent":
            yield s.refuse(
                "art:8.1",
                why=Words(f"子拠点 {names} が残っています", f"child sites {names} remain"),
                place="contract",
                remedy=Words("子拠点から解約してください", "cancel the child sites first"),
                **more,
            )
        elif how.value == "flag":
            yield s.accept(
                "art:8.1",
                why=Words(
                    f"子拠点 {names} は親を失いますが、契約は続きます。ご確認ください",
                    f"child sites {names} lose their parent, and their contracts go on; please review",
                ),
                **more,
            )
    elif contract.kind == "child" and not children and parent_of(s, contract.group):
        yield s.accept(
            "art:8.1",
            why=Words(
                f"VPN 網 {contract.group} に子拠点がなくなりますが、親の契約は続きます",
                f"VPN network {contract.group} is left without a child, and the parent's contract goes on",
            ),
            **more,
        )


def ended(asked: Ended, s: Situation) -> Iterator[Finding]:
    """Art. 14.3 for a contract that has ended."""
    contract = s.contract(asked.contract)
    if contract.ending is None:
        yield s.refuse(
            "art:14.3",
            why=Words(f"契約 {contract.id} は終わっていません", f"contract {contract.id} has not ended"),
            place="ended.contract",
        )
    else:
        yield return_finding(s, contract.ending.last)


def due_back(s: Situation, contract: Contract, device: Device) -> date | None:
    """The last day to return a device, None while it may stay."""
    if device.return_by is not None:
        return device.return_by
    if contract.ending is not None and device.state in IN_SERVICE:
        return return_day(s, contract.ending.last)
    return None


def overdue(s: Situation, contract: Contract) -> tuple[Device, ...]:
    """Devices whose day to be returned has passed and that are neither back nor counted as lost yet."""
    return tuple(
        device
        for device in contract.devices
        if device.state not in ("returned", "lost")
        and (last := due_back(s, contract, device)) is not None
        and last < s.on
    )


def not_returned(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 16.2 with 14.3: a device not returned in time counts as lost and is charged, at the quoted price."""
    contract = s.contract(asked.contract)
    days = [day for device in contract.devices if (day := due_back(s, contract, device))]
    if days:
        yield s.accept(
            "art:14.3",
            why=Words(f"返還の期限は {max(days)} です", f"the last day to return is {max(days)}"),
            dates=(("deadline", max(days)),),
            conventions=(s.reading("device.return").pair,),
        )
    late = overdue(s, contract)
    how = s.reading("device.return-charge")
    if not late:
        yield s.accept(
            "art:16.2",
            why=Words("期限を過ぎた機器はありません", "no device is past its day"),
            amounts=(("lost-device", Yen(0)),),
        )
    for device in late:
        if how.value == "after-reminder" and asked.known.instruction != "reminded":
            yield s.refer(
                "art:16.2",
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
            "schedule:1.3.5",
            contract,
            due_on=s.on,
            why=Words(
                f"{device.serial} は期限までに返らず、亡失品とみます",
                f"{device.serial} was not back in time and counts as lost",
            ),
            more=("art:16.2", "art:14.3"),
            detail={"serial": device.serial},
            about={"model": device.model},
            conventions=(how.pair,),
            defects=("MVP-D05",),
            review=how.review,
        )


def _follows(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """What an ending means for devices and for the network's other sites."""
    if is_site(contract):
        yield return_finding(s, effective)
        yield from orphans(contract, effective, s)


ENDINGS = Endings(together=ending_with, more=_follows)
