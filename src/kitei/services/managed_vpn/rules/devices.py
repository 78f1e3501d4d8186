"""Articles 12, 14 to 16 and 17.2(2): what happens to lent devices, and what it costs."""

from collections.abc import Iterator

from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract, Device
from kitei.services.managed_vpn.application import ClaimRefund
from kitei.services.managed_vpn.operation import DeviceEvent
from kitei.services.managed_vpn.rules.sites import model_findings
from kitei.terms import Choice
from kitei.values import Words, Yen, day_of, in_yen


def device_of(contract: Contract, asked: DeviceEvent) -> Device | None:
    """The device meant: by serial, else by slot, else the one in service if there is one only."""
    found = [
        each
        for each in contract.devices
        if (asked.serial is None or each.serial == asked.serial)
        and (asked.slot is None or each.slot == asked.slot)
        and (asked.serial is not None or each.state in ("ordered", "installed", "failed"))
    ]
    return found[0] if len(found) == 1 else None


def use_of(asked: DeviceEvent, s: Situation) -> Choice | None:
    return s.choice("forbidden_uses", asked.use) if asked.use else None


def careful_use(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 14.1(1) to (3): what must not be done to a device, and what a consent helps."""
    if asked.event == "use-in-japan":
        yield s.accept("art:14.1.3", why=Words("日本国内での使用です", "it is used in Japan"))
        return
    if asked.event != "use":
        return
    use = use_of(asked, s)
    if use is None:
        known = ", ".join(each.slug for each in s.edition.value("forbidden_uses").choices)
        yield s.refer(
            "art:14.1.1",
            proposes=Verdict.REFUSE,
            why=Words(
                f"{asked.use} がサービスの利用にあたるかは人が判断します",
                f"whether {asked.use} is a use of the service is for people to judge",
            ),
            place="device-event.use",
            remedy=Words(f"定めがあるのは {known}", f"the terms speak of {known}"),
        )
    elif not use.has("unless"):
        yield s.refuse(
            use.cite.path,
            why=Words(
                f"「{use.name.ja}」は承諾があってもできません",
                f"no consent allows a customer to {use.name.en}",
            ),
            place="device-event.use",
        )
    elif asked.known.consent:
        yield s.accept(
            use.cite.path,
            why=Words(
                f"「{use.name.ja}」は承諾されています", f"the operator consented to this: {use.name.en}"
            ),
        )
    else:
        yield s.refuse(
            use.cite.path,
            why=Words(
                f"「{use.name.ja}」に当社の承諾がありません",
                f"the operator has not consented to this: {use.name.en}",
            ),
            place="device-event.use",
            remedy=Words("先に承諾を求めてください", "ask for consent first"),
        )


def damaged(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 14.2: damage by breach of the duties of care costs its repair; else art. 15.3 (MVP-D06)."""
    if asked.event != "damaged" or asked.known.breach_of is None:
        return
    contract, cost = s.contract(asked.contract), asked.known.repair_cost
    yield charge(
        s,
        "device-repair",
        "art:14.2",
        contract=contract.id,
        customer=contract.customer,
        due_on=day_of(asked.at),
        amount=None if cost is None else Yen(cost),
        why=Words(
            f"{asked.known.breach_of} の違反による毀損の修理費",
            f"repair of damage by breach of {asked.known.breach_of}",
        ),
        more=("art:19.1.s2",),
        detail=_named(contract, asked),
        defects=("MVP-D06",),
    )


def failed(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 15: report, investigation, repair or exchange; the customer pays for its own fault or for none found."""
    damaged_without_breach = asked.event == "damaged" and asked.known.breach_of is None
    if asked.event != "failure-reported" and not damaged_without_breach:
        return
    contract, fault = s.contract(asked.contract), asked.known.fault
    if fault == "minor":
        yield s.accept(
            "art:15.1",
            "art:15.2",
            "art:15.2.s2",
            why=Words(
                "軽微な故障なので、当社の指示で契約者が対応します",
                "a minor failure, put right by the customer as told",
            ),
        )
    else:
        yield s.accept(
            "art:15.1",
            "art:15.2",
            why=Words(
                "届けを受けて調査し、修理か交換をします",
                "it is investigated on the report, and repaired or exchanged",
            ),
        )
    if fault in ("customer", "none"):
        why = (
            Words("契約者の責めによる故障です", "the failure is the customer's fault")
            if fault == "customer"
            else Words("調査の結果、故障はありませんでした", "investigation found no failure")
        )
        yield quoted_charge(
            s,
            "device-failure",
            "schedule:1.3.4",
            contract,
            due_on=day_of(asked.at),
            why=why,
            more=("art:15.3",),
            detail=_named(contract, asked),
            defects=("MVP-D06",) if damaged_without_breach else (),
        )
    else:
        yield s.accept(
            "art:15.3",
            why=Words("契約者の負担はありません", "nothing of it is the customer's to pay"),
            amounts=(("device-failure", Yen(0)),),
        )


def lost(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 16.1 and 16.2: a loss is charged whatever its cause, once, and a replacement is sent."""
    if asked.event != "lost-reported":
        return
    contract = s.contract(asked.contract)
    device = device_of(contract, asked)
    yield s.accept(
        "art:16.1", why=Words("届けを受けて代替機を送ります", "a replacement is sent on the report")
    )
    named = _named(contract, asked)
    before = [each for each in contract.charges if each.name == "lost-device" and each.detail == named]
    if named and before:
        yield s.accept(
            "art:16.2",
            why=Words("この機器の負担金は請求済みです", "this device was charged for already"),
            amounts=(("lost-device", Yen(0)),),
        )
        return
    yield quoted_charge(
        s,
        "lost-device",
        "schedule:1.3.5",
        contract,
        due_on=day_of(asked.at),
        why=Words("亡失負担金は事由を問いません", "a loss is charged whatever its cause"),
        more=("art:16.2",),
        detail=named,
        about={"model": device.model} if device else {},
        defects=("MVP-D06",),
    )


def found(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 16.3: a lost device that turns up changes nothing of its charge."""
    if asked.event == "found":
        yield s.accept(
            "art:16.3",
            "art:16.3.1",
            "art:16.3.2",
            "art:16.3.3",
            why=Words(
                "見つかっても負担金は残り、管理の務めも続きます",
                "its charge stays though it was found, and the duties of care go on",
            ),
        )


def refunded(asked: ClaimRefund, s: Situation) -> Iterator[Finding]:
    """Art. 16.3(2): what was paid for a loss stays paid; what was only billed stays by default (MVP-D14)."""
    contract = s.contract(asked.contract)
    how = s.reading("device.found-charge")
    paid = asked.known.paid
    billed = asked.known.billed
    if billed is None:
        billed = sum(each.amount or 0 for each in contract.charges if each.name == "lost-device")
    if paid:
        yield s.refuse(
            "art:16.3.2",
            why=Words(
                f"払われた亡失負担金 {in_yen(Yen(paid))} は、機器が戻っても返しません",
                f"the charge of {in_yen(Yen(paid))} that was paid is not given back, though the device was",
            ),
            place="claim-refund.contract",
            amounts=(("refund", Yen(0)),),
        )
    elif billed:
        kept = how.value == "kept"
        yield s.refer(
            "art:16.2",
            "art:16.3.2",
            proposes=Verdict.REFUSE if kept else Verdict.ACCEPT,
            why=Words(
                "返さないと書かれたのは払い済みの額だけです。負担金は亡失のときに生じており、免ずるのは当社の判断です",
                "only what was paid is said to stay; the charge arose with the loss, and waiving it is the operator's choice",
            ),
            amounts=(("lost-device", Yen(billed if kept else 0)),),
            conventions=(how.pair,),
            defects=("MVP-D14",),
            review=how.review,
        )
    else:
        yield s.refuse(
            "art:16.3.2",
            why=Words("亡失負担金の請求がありません", "there is no lost-device charge"),
            place="claim-refund.contract",
            amounts=(("refund", Yen(0)),),
        )


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


def _named(contract: Contract, asked: DeviceEvent) -> dict[str, str]:
    device = device_of(contract, asked)
    return {"serial": device.serial} if device else {}
