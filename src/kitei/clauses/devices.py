"""What happens to lent devices, and what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from kitei.clauses import acts
from kitei.clauses.fees import charge, quoted_charge
from kitei.desk import Finding, Situation, Verdict
from kitei.desk.reading import Listed, Yens
from kitei.ledger.contracts import Contract, Device
from kitei.terms import Choice
from kitei.values import Words, Yen, day_of, in_yen

Use = Annotated[str, Listed("forbidden_uses")]
DeviceHappening: TypeAlias = Literal[
    "use",
    "use-in-japan",
    "damaged",
    "lost-reported",
    "found",
    "failure-reported",
    "swap",
    "spare-connected",
    "assigned",
    "installed",
    "replaced",
    "returned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(acts.Known):
    """What the operator's staff has established about a device.

    `fault` is what the investigation of a failure found, `paid` how much of a lost-device charge was paid.
    """

    breach_of: str | None = None
    repair_cost: Yens | None = None
    fault: Literal["none", "minor", "customer", "device"] | None = None
    billed: Yens | None = None
    paid: Yens | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent(acts.Act):
    """Something happens to a lent device. `use` says which, when the event is a use.

    `serial`, `model` and `slot` name the device; `new_serial` is the one that takes its place.
    """

    contract: str
    event: DeviceHappening
    use: Use | None = None
    serial: str | None = None
    model: str | None = None
    slot: str | None = None
    new_serial: str | None = None
    place: str | None = None
    cause: str | None = None
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRefund(acts.Act):
    """Ask a lost-device charge back."""

    contract: str
    known: Known = NOTHING_KNOWN


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
    """What must not be done to a lent device, and what a consent helps. Role: `device-care`, `device-abroad`."""
    if asked.event == "use-in-japan":
        yield s.accept(s.role("device-abroad"), why=Words("日本国内での使用です", "it is used in Japan"))
        return
    if asked.event != "use":
        return
    use = use_of(asked, s)
    if use is None:
        known = ", ".join(each.slug for each in s.edition.value("forbidden_uses").choices)
        yield s.refer(
            s.role("device-care"),
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
    """Damage by breach of the duties of care costs its repair; without one it is a failure. Role: `device-repair`."""
    if asked.event != "damaged" or asked.known.breach_of is None:
        return
    contract, cost = s.contract(asked.contract), asked.known.repair_cost
    yield charge(
        s,
        "device-repair",
        s.role("device-repair"),
        contract=contract.id,
        customer=contract.customer,
        due_on=day_of(asked.at),
        amount=None if cost is None else Yen(cost),
        why=Words(
            f"{asked.known.breach_of} の違反による毀損の修理費",
            f"repair of damage by breach of {asked.known.breach_of}",
        ),
        more=(s.role("due"),),
        detail=named(contract, asked),
        defects=s.defects(s.role("device-repair")),
    )


def failed(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Report, investigation, repair or exchange; the customer pays for its own fault or for none found.

    Roles: `device-failed`, `device-investigated`, `device-minor`, `device-fault`, `device-failure` (schedule).
    """
    damaged_without_breach = asked.event == "damaged" and asked.known.breach_of is None
    if asked.event != "failure-reported" and not damaged_without_breach:
        return
    contract, fault = s.contract(asked.contract), asked.known.fault
    if fault == "minor":
        yield s.accept(
            s.role("device-failed"),
            s.role("device-investigated"),
            s.role("device-minor"),
            why=Words(
                "軽微な故障なので、当社の指示で契約者が対応します",
                "a minor failure, put right by the customer as told",
            ),
        )
    else:
        yield s.accept(
            s.role("device-failed"),
            s.role("device-investigated"),
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
            s.role("device-failure"),
            contract,
            due_on=day_of(asked.at),
            why=why,
            more=(s.role("device-fault"),),
            detail=named(contract, asked),
            defects=s.defects(s.role("device-fault")) if damaged_without_breach else (),
        )
    else:
        yield s.accept(
            s.role("device-fault"),
            why=Words("契約者の負担はありません", "nothing of it is the customer's to pay"),
            amounts=(("device-failure", Yen(0)),),
        )


def lost(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """A loss is charged whatever its cause, once; a replacement is sent where the terms promise one.

    Roles: `device-lost`, `device-loss`, `lost-device` (schedule); `device-replacement` where one is promised.
    """
    if asked.event != "lost-reported":
        return
    contract = s.contract(asked.contract)
    device = device_of(contract, asked)
    sent = "device-replacement" in s.parts
    yield s.confirm(_REPLACED if sent else _REPORTED, s.role("device-lost"))
    what = named(contract, asked)
    before = [each for each in contract.charges if each.name == "lost-device" and each.detail == what]
    if what and before:
        yield s.accept(
            s.role("device-loss"),
            why=Words("この機器の負担金は請求済みです", "this device was charged for already"),
            amounts=(("lost-device", Yen(0)),),
        )
        return
    yield quoted_charge(
        s,
        "lost-device",
        s.role("lost-device"),
        contract,
        due_on=day_of(asked.at),
        why=Words("亡失負担金は事由を問いません", "a loss is charged whatever its cause"),
        more=(s.role("device-loss"),),
        detail=what,
        about={"model": device.model} if device else {},
        defects=s.defects(s.role("device-loss")),
    )


_REPLACED = Words("届けを受けて代替機を送ります", "a replacement is sent on the report")
_REPORTED = Words(
    "届けを受けます。代替機を送るとは定められていません",
    "the report is taken; that a replacement is sent is not provided for",
)


def found_paths(s: Situation) -> tuple[str, ...]:
    """The rules for a lost device that turns up: their heading and its items."""
    head = s.role("device-found")
    return (head, *(path for path in s.edition.provisions if path.startswith(f"{head}.")))


def found(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """A lost device that turns up changes nothing of its charge. Role: `device-found`, with its items."""
    if asked.event == "found":
        yield s.accept(
            *found_paths(s),
            why=Words(
                "見つかっても負担金は残り、管理の務めも続きます",
                "its charge stays though it was found, and the duties of care go on",
            ),
        )


def refunded(asked: ClaimRefund, s: Situation) -> Iterator[Finding]:
    """What was paid for a loss stays paid; what was only billed stays by default. Role: `device-no-refund`."""
    contract = s.contract(asked.contract)
    how = s.reading("device.found-charge")
    paid = asked.known.paid
    billed = asked.known.billed
    if billed is None:
        billed = sum(each.amount or 0 for each in contract.charges if each.name == "lost-device")
    if paid:
        yield s.refuse(
            s.role("device-no-refund"),
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
            s.role("device-loss"),
            s.role("device-no-refund"),
            proposes=Verdict.REFUSE if kept else Verdict.ACCEPT,
            why=Words(
                "返さないと書かれたのは払い済みの額だけです。負担金は亡失のときに生じており、免ずるのは当社の判断です",
                "only what was paid is said to stay; the charge arose with the loss, and waiving it is the operator's choice",
            ),
            amounts=(("lost-device", Yen(billed if kept else 0)),),
            conventions=(how.pair,),
            defects=s.defects(s.role("device-no-refund")),
            review=how.review,
        )
    else:
        yield s.refuse(
            s.role("device-no-refund"),
            why=Words("亡失負担金の請求がありません", "there is no lost-device charge"),
            place="claim-refund.contract",
            amounts=(("refund", Yen(0)),),
        )


def named(contract: Contract, asked: DeviceEvent) -> dict[str, str]:
    device = device_of(contract, asked)
    return {"serial": device.serial} if device else {}
