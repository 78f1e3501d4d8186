"""Articles 7 to 10(5): lent tunnel routers. Who uses one of its own is reached by none of it (art. 4.1)."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses import devices as lent
from kitei.clauses import returns
from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.clauses.returns import return_day
from kitei.desk import Finding, Situation, Verdict
from kitei.services.ddos.application import Change
from kitei.services.ddos.contract import ROUTER, had_rental, is_rental, router
from kitei.services.ddos.operation import DeviceEvent, OptionEnded, Work
from kitei.services.ddos.rules.items import designates
from kitei.terms import plain_name, term_last_day
from kitei.values import Words, Yen

MODELS = "tunnel-router-models"
FACT_CAUSED = ("damaged", "failure-reported", "lost-reported")
_REACHED_BY = {"damaged": "device-fault", "failure-reported": "device-fault", "lost-reported": "device-loss"}
_FEES = {"damaged": "device-repair", "failure-reported": "device-failure", "lost-reported": "lost-device"}


def happened(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 4.1 and 7 to 9: what befalls a lent device; the customer's own router is no matter of these articles."""
    if not had_rental(s.contract(asked.contract)):
        yield _not_reached(asked, s)
        return
    yield from lent.careful_use(asked, s)
    yield from lent.damaged(asked, s)
    yield from lent.failed(asked, s)
    yield from lent.lost(asked, s)
    yield from lent.found(asked, s)


def _not_reached(asked: DeviceEvent, s: Situation) -> Finding:
    """Of a customer that no device was lent to, nothing is asked and nothing charged."""
    use = lent.use_of(asked, s)
    role = _REACHED_BY.get(asked.event)
    path = use.cite.path if use else s.role(role) if role else s.role("device-failed")
    fee = _FEES.get(asked.event)
    return s.accept(
        "art:4.1",
        path,
        why=Words(
            "貸している装置はなく、契約者自身のルータに第 7 条から第 9 条は及びません",
            "no device is lent, and articles 7 to 9 do not reach the customer's own router",
        ),
        amounts=((fee, Yen(0)),) if fee else (),
        defects=s.defects("art:4.1"),
    )


def caused_by_facts(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 12: fees that no acceptance causes fall due with their cause (convention ddp.fact-fees)."""
    if asked.event in FACT_CAUSED and had_rental(s.contract(asked.contract)):
        yield _due_by_fact(s)


def _due_by_fact(s: Situation) -> Finding:
    how = s.reading("ddp.fact-fees")
    return s.accept(
        "art:12.1.s2",
        why=_ON_INVOICE if how.value == "invoice" else _BY_CAUSE,
        conventions=(how.pair,),
        defects=s.defects("art:12.1.s2"),
    )


_BY_CAUSE = Words(
    "承諾によらない一時費用の支払義務は、原因が起きた時に生じるとみます",
    "one-time fees without an acceptance are taken to fall due when their cause occurs",
)
_ON_INVOICE = Words(
    "承諾によらない一時費用の支払義務は、請求の時に生じるとみます",
    "one-time fees without an acceptance are taken to fall due on invoice",
)


def moved(asked: DeviceEvent, s: Situation) -> Iterator[Finding]:
    """Art. 8.2 and 7.3: which device is lent, put in another's place, or back."""
    if asked.event not in ("assigned", "installed", "replaced", "returned", "swap", "spare-connected"):
        return
    contract = s.contract(asked.contract)
    if asked.event in ("swap", "spare-connected"):
        yield s.refuse(
            "art:8.2",
            why=Words("予備機のサービスはありません", "there is no spare in this service"),
            place="device-event.event",
        )
        return
    if not is_rental(router(contract, s.on)) and asked.event != "returned":
        yield s.refuse(
            "art:10.2.9",
            why=Words(
                f"契約 {contract.id} にレンタル有のトンネルルータはありません",
                f"contract {contract.id} has no rental tunnel router",
            ),
            place="device-event.contract",
        )
    there = {device.serial: device for device in contract.devices}
    if asked.event == "assigned":
        yield from _may_be_lent(asked, s, there)
    elif asked.event == "replaced" and asked.new_serial is None:
        yield s.refuse(
            "art:8.2",
            why=Words("代わりの装置が書かれていません", "the device that takes its place is not said"),
            place="device-event.new_serial",
            remedy=Words("new_serial を書いてください", "give new_serial"),
        )
    if asked.event != "assigned" and asked.serial not in there:
        known = ", ".join(there) or "-"
        yield s.refuse(
            "art:8.2",
            why=Words(
                f"契約 {contract.id} に {asked.serial} を貸していません",
                f"{asked.serial} is not lent under contract {contract.id}",
            ),
            place="device-event.serial",
            remedy=Words(f"貸しているのは {known}", f"lent are {known}"),
        )
    path = (
        "art:7.3" if asked.event == "returned" else "art:8.2" if asked.event == "replaced" else "art:10.2.9"
    )
    yield s.accept(path, why=Words("装置の動きを記録します", "the device's move is recorded"))


def _may_be_lent(asked: DeviceEvent, s: Situation, there: object) -> Iterator[Finding]:
    if asked.serial is None:
        yield s.refuse(
            "art:10.2.9",
            why=Words("どの装置か書かれていません", "it is not said which device"),
            place="device-event.serial",
            remedy=Words("serial を書いてください", "give its serial"),
        )
    elif isinstance(there, dict) and asked.serial in there:
        yield s.refuse(
            "art:10.2.9",
            why=Words(f"{asked.serial} はもう貸しています", f"{asked.serial} is lent already"),
            place="device-event.serial",
        )
    if asked.model is not None and not designates(s, MODELS, asked.model):
        yield _not_listed(s, asked.model, "device-event.model", "art:10.5")


def _not_listed(s: Situation, model: str, place: str, path: str) -> Finding:
    listed = s.operator.lists.get(MODELS, ())
    return s.refuse(
        path,
        why=Words(f"{model} は当社の定めた範囲にありません", f"{model} is not in the operator's range"),
        place=place,
        remedy=Words(
            "範囲は " + ("、".join(map(str, listed)) or "まだありません"),
            "the range is " + (", ".join(map(str, listed)) or "not set so far"),
        ),
        conventions=(s.reading("operator-designated").pair,),
    )


# -- change of the lent device (art. 10.5) -----------------------------------------------------------


def is_changeable(asked: Change, s: Situation) -> bool:
    """Whether a change of device is asked for that article 10.5 allows."""
    return (
        asked.device is not None
        and is_rental(router(s.contract(asked.contract), s.on))
        and designates(s, MODELS, asked.device.new)
        and plain_name(asked.device.old) != plain_name(asked.device.new)
    )


def changed_device(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 10.5: users of the rental router may ask for another type, within the operator's range."""
    if asked.device is None:
        return
    contract = s.contract(asked.contract)
    if asked.option not in (None, ROUTER) or not is_rental(router(contract, s.on)):
        yield s.refuse(
            "art:10.5",
            why=Words(
                "機器の変更を頼めるのは、レンタル有のトンネルルータの利用者だけです",
                "only users of the rental tunnel router may ask for another device",
            ),
            place="change.option",
        )
        return
    models = {plain_name(each.model) for each in contract.devices if each.model and each.state == "installed"}
    if models and plain_name(asked.device.old) not in models:
        yield s.refuse(
            "art:10.5",
            why=Words(
                f"契約 {contract.id} に {asked.device.old} は貸していません",
                f"no {asked.device.old} is lent under contract {contract.id}",
            ),
            place="change.device.from",
        )
    if plain_name(asked.device.old) == plain_name(asked.device.new):
        yield s.refuse(
            "art:10.5",
            why=Words("同じ機種への変更はありません", "a change to the same type is none"),
            place="change.device.to",
        )
    elif not designates(s, MODELS, asked.device.new):
        yield _not_listed(s, asked.device.new, "change.device.to", "art:10.5")
    else:
        yield s.accept(
            "art:10.5",
            why=Words(
                f"{asked.device.old} から {asked.device.new} へは変えられます",
                f"{asked.device.old} may change to {asked.device.new}",
            ),
        )


def restart_of(asked: Change, s: Situation) -> date | None:
    """The first day of the new term (convention ddp.router-return); None while the new device is not billed."""
    return (
        accepted_on(asked)
        if s.reading("ddp.router-return").value == "from-acceptance"
        else asked.billing_start
    )


def restarted_term(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 10.5, second sentence: a new year for the option; the contract's own term is untouched."""
    if not is_changeable(asked, s):
        return
    how, months = s.reading("ddp.router-return"), s.number("changed_router_term_months")
    start = restart_of(asked, s)
    if start is None:
        yield s.accept(
            "art:10.5.s2",
            why=Words(
                f"新しい装置の課金開始日から {months} か月を数え直します",
                f"{months} months count anew from the day the new device is first billed",
            ),
            conventions=(how.pair,),
            defects=s.defects("art:10.5.s2"),
        )
        return
    arithmetic = s.reading("term.month-arithmetic")
    last = term_last_day(start, months, arithmetic.value)
    yield s.accept(
        "art:10.5.s2",
        why=Words(f"{start} から {months} か月、{last} まで", f"{months} months from {start}, to {last}"),
        dates=(("term_end", last), ("option_term_end", last)),
        conventions=(how.pair, arithmetic.pair),
        defects=s.defects("art:10.5.s2"),
    )


def changed_device_fee(asked: Change, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 3(5): a charge for the change of device, due on acceptance."""
    if is_changeable(asked, s):
        assert asked.device is not None
        yield quoted_charge(
            s,
            "device-change",
            "schedule:1.3.5",
            s.contract(asked.contract),
            due_on=accepted_on(asked),
            why=Words("機器種別の変更手数料", "charge for the change of device type"),
            detail={"from": asked.device.old, "to": asked.device.new, "option": ROUTER},
            about={"model": asked.device.new, "option": ROUTER},
            defects=s.defects("schedule:1.3.5"),
        )


# -- returns (art. 7.3, 9.2) -------------------------------------------------------------------------


def request_finding(s: Situation, end: date) -> Finding:
    """Art. 7.3 is silent on stops and changes: return is asked for in as many days, and nothing charged by itself."""
    how, day = s.reading("ddp.router-return"), return_day(s, end)
    return s.accept(
        "art:7.3",
        why=Words(
            f"契約は続くので返還の期限はありません。{day} までの返還をお願いし、負担金は自動では生じません",
            f"the contract goes on, so no return is due; it is asked for by {day}, and nothing is charged by itself",
        ),
        dates=(("return_request", day),),
        conventions=(how.pair,),
        defects=s.defects("art:7.3"),
    )


def old_device_back(asked: Change, s: Situation) -> Iterator[Finding]:
    """The device out of use is asked back."""
    if is_changeable(asked, s):
        yield request_finding(s, asked.change_on or accepted_on(asked))


def contract_ended(asked: returns.Ended, s: Situation) -> Iterator[Finding]:
    """Art. 7.3: what was lent under a contract that has ended is due back; where nothing was, nothing is."""
    contract = s.contract(asked.contract)
    if had_rental(contract) or contract.ending is None:
        yield from returns.ended(asked, s)
    else:
        yield s.accept(
            "art:4.1",
            "art:7.3",
            why=Words("貸した装置はなく、返すものはありません", "no device was lent, so nothing goes back"),
            defects=s.defects("art:4.1"),
        )


def option_ended(asked: OptionEnded, s: Situation) -> Iterator[Finding]:
    """What follows for a device when its option alone has ended."""
    contract = s.contract(asked.contract)
    taken = next((each for each in reversed(contract.options) if each.name == asked.option), None)
    if taken is None:
        yield s.refuse(
            s.role("stop-option"),
            why=Words(
                f"契約 {contract.id} に{s.name('options', asked.option).ja}はありません",
                f"contract {contract.id} has no {s.name('options', asked.option).en}",
            ),
            place="option-ended.option",
        )
    elif is_rental(taken):
        yield request_finding(s, taken.ending.last if taken.ending else s.on)
    else:
        yield s.accept(
            "art:7.3",
            "art:4.1",
            why=Words("貸した装置はなく、返すものはありません", "no device was lent, so nothing goes back"),
        )


def not_returned(asked: returns.DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 9.2 with 7.3: a device not back 30 days after the contract's end counts as lost and is charged."""
    yield from returns.not_returned(asked, s)
    if returns.overdue(s, s.contract(asked.contract)):
        yield _due_by_fact(s)


# -- work (art. 10.2(2), 10.2(3)) --------------------------------------------------------------------

WORKS = {"onsite-work": "art:10.2.2.a2", "out-of-hours-work": "art:10.2.3"}


def worked(asked: Work, s: Situation) -> Iterator[Finding]:
    """Work is done for contracts that have the option for it, and recorded."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:10.2", contract)
    if asked.by != "operator":
        yield s.refuse(
            "art:10.2",
            why=Words("作業は当社がします", "it is the operator that works"),
            place="work.by",
        )
    path = WORKS.get(asked.option)
    taken = running(contract, asked.option, s.on)
    if path is None or taken is None:
        yield s.refuse(
            path or "art:10.2",
            why=Words(
                f"契約 {contract.id} に{s.name('options', asked.option).ja}はありません",
                f"contract {contract.id} has no {s.name('options', asked.option).en}",
            ),
            place="work.option",
            remedy=Words("先にオプションを申し込んでください", "apply for the option first"),
        )
        return
    told = taken.body.get("variant")
    if asked.variant and told and asked.variant != told:
        yield s.refer(
            path,
            proposes=Verdict.REFUSE,
            why=Words(f"申込は {told} の作業です", f"work {told} was applied for"),
            place="work.variant",
            defects=s.defects("art:10.2.2"),
        )
    yield s.accept(path, why=Words("作業と種別を記録します", "the work and its variant are recorded"))
