"""Articles 12 and 17.2(2): which devices there are, and when the spare goes live."""

from collections.abc import Iterator

from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.operation import DeviceEvent
from kitei.services.managed_vpn.rules.sites import model_findings
from kitei.values import Words


def spare(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 17.2(2): the spare goes live only when told, never beside the device it stands in for."""
    if asked.event not in ("swap", "spare-connected"):
        return
    contract = s.contract(asked.contract)
    if running(contract, "cold-standby", s.on) is None:
        yield s.refuse(
            "art:17.2.2",
            why=Words(f"契約 {contract.id} に予備機はありません", f"contract {contract.id} has no spare"),
            place="device-event.event",
            remedy=Words(
                "コールドスタンバイオプションを申し込んでください", "apply for the cold standby option"
            ),
        )
    elif asked.known.instruction:
        yield s.accept(
            "art:17.2.2",
            why=Words(
                "当社の指示により契約者が交換します。予備機が役目を継ぎ、元の機器は外れます",
                "the customer swaps as told; the spare takes over and the old device goes out of service",
            ),
        )
    else:
        yield s.refuse(
            "art:17.2.2",
            "art:14.1.1",
            why=Words(
                "指示なしに予備機をつなぐことはできません。動いている機器と同時には使えません",
                "a spare may not be connected without instruction, nor used beside the live device",
            ),
            place="device-event.event",
            remedy=Words("当社の指示を待ってください", "wait for the operator's instruction"),
        )


def assigned(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 12.1 and 3.1: the operator selects devices, of models that the terms know."""
    if asked.event not in ("assigned", "installed", "replaced", "returned"):
        return
    contract = s.contract(asked.contract)
    if asked.serial is None:
        yield s.refuse(
            "art:12.1",
            why=Words("どの機器か書かれていません", "it is not said which device"),
            place="device-event.serial",
            remedy=Words("serial を書いてください", "give its serial"),
        )
        return
    if asked.event == "assigned":
        if asked.model is not None:
            router = asked.slot != "switch"
            yield from model_findings(s, asked.model, "device-event.model", as_router=router)
        yield from _slot_free(s, contract, asked)
    elif not any(device.serial == asked.serial for device in contract.devices):
        known = ", ".join(device.serial for device in contract.devices) or "-"
        yield s.refuse(
            "art:12.1",
            why=Words(
                f"契約 {contract.id} に {asked.serial} は割り当てられていません",
                f"{asked.serial} is not assigned to contract {contract.id}",
            ),
            place="device-event.serial",
            remedy=Words(f"割り当ては {known}", f"assigned are {known}"),
        )
    yield s.accept(
        "art:12.1",
        why=Words("機器の割り当てと動きを記録します", "assignments and moves of devices are recorded"),
    )


def _slot_free(s: Situation, contract: Contract, asked: DeviceEvent) -> Iterator[Finding]:
    """Within the item's number of devices. A slot holds one device, and one on its way to take its place."""
    item = s.lists["items"][contract.item]
    key = f"devices_at_{contract.kind}"
    slots = ("a", "b")[: item.number(key)] if item.has(key) else ()
    slot = asked.slot or "a"
    ordered = [each for each in contract.devices if (each.slot, each.state) == (slot, "ordered")]
    if slot in ("a", "b") and slot not in slots:
        yield s.refuse(
            item.cite.path,
            why=Words(
                f"この品目の{s.name('kinds', contract.kind).ja}に {slot} の機器はありません",
                f"a {contract.kind} of this item has no device {slot}",
            ),
            place="device-event.slot",
            remedy=Words(f"{', '.join(slots)} のどれかです", f"it is one of {', '.join(slots)}"),
        )
    elif ordered or any(each.serial == asked.serial for each in contract.devices):
        there = ordered[0].serial if ordered else asked.serial
        yield s.refuse(
            "art:12.1",
            why=Words(
                f"{slot} にはもう {there} が割り当てられています", f"{there} is assigned to {slot} already"
            ),
            place="device-event.slot",
            remedy=Words("先にそれを設置するか返してください", "install or return that one first"),
        )
