"""Articles 5(2) and 9 with Schedule 4: devices can change within the operator's pairs, and nothing else can."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import running
from kitei.clauses.returns import return_finding
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import Change, DeviceChange
from kitei.services.managed_vpn.rules.sites import model_findings
from kitei.terms import plain_name, term_last_day
from kitei.values import Words

PAIRS = "device-change-pairs"


def changed_by_customer(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 9.1: it is the contract's customer who may ask."""
    yield from own_notice(s, "art:9.1", s.contract(asked.contract), asked)


def unchangeable(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 9.2: kind, item and maintenance type stay; so does a device type outside Schedule 4."""
    for key, value, path, ja, en in (
        ("kind", asked.kind, "art:1.1", "種類", "kind"),
        ("item", asked.item, "art:2.1", "品目", "item"),
        ("maintenance", asked.maintenance, "art:4.1", "保守種別", "maintenance type"),
    ):
        if value is not None:
            yield s.refuse(
                "art:9.2",
                path,
                why=Words(f"{ja}は変えられません({value})", f"the {en} cannot be changed (to {value})"),
                place=f"change.{key}",
                remedy=Words(
                    "新しい契約を申し込み、今の契約を解約してください",
                    "apply for a new contract and cancel this one",
                ),
            )
    if asked.device_type is not None and asked.device_type not in s.edition.value("device_types").slugs:
        yield s.refuse(
            "art:9.2",
            "art:3.1",
            why=Words(
                f"機器種別 {asked.device_type} には変えられません",
                f"a change to device type {asked.device_type} is not possible",
            ),
            place="change.device_type",
        )
    if asked.minimum_term is not None and asked.device is None:
        yield s.refer(
            "art:5.1",
            "art:9.1",
            proposes=Verdict.REFUSE,
            why=Words(
                "最低利用期間だけを変えられるとは書かれていません",
                "it is not said that the minimum term alone can be changed",
            ),
            place="change.minimum_term",
        )
    if not any(
        (asked.device, asked.kind, asked.item, asked.maintenance, asked.device_type, asked.minimum_term)
    ):
        yield s.refuse(
            "art:9.1",
            why=Words("何を変えるのか書かれていません", "it is not said what is to change"),
            place="change.device",
            remedy=Words("device = { from, to } を書いてください", "give device = { from, to }"),
        )


def device_pair(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 9.1 and Schedule 4: only from and to what the operator has paired, in that direction."""
    if asked.device is None:
        return
    contract, device = s.contract(asked.contract), asked.device
    yield from _had_before(s, contract, asked, device)
    if not s.operator.pairs(PAIRS, device.old, device.new):
        yield s.refuse(
            "art:9.2",
            "art:9.1",
            "schedule:4",
            why=Words(
                f"{device.old} から {device.new} への変更は定められていません",
                f"no change from {device.old} to {device.new} is provided for",
            ),
            place="change.device",
            remedy=_possible(s, device.old),
            conventions=(s.reading("operator-designated").pair,),
            defects=("MVP-D04",),
        )
        return
    yield from model_findings(s, device.new, "change.device.to", as_router=asked.option != "private-switch")
    cold = asked.option == "cold-standby"
    how = s.reading("mvp.cold-standby-change")
    more = (
        {"conventions": (how.pair,), "defects": ("MVP-D02", "MVP-D04")} if cold else {"defects": ("MVP-D04",)}
    )
    if cold and how.value == "not-allowed":
        yield s.refuse(
            "art:9.2", why=Words("予備機の型は変えられません", "a spare's model cannot be changed"), **more
        )
        return
    yield s.accept(
        "art:9.1",
        "schedule:4",
        why=Words(
            f"{device.old} から {device.new} へは変えられます", f"{device.old} may change to {device.new}"
        ),
        **more,
    )


def _had_before(s: Situation, contract: Contract, asked: Change, device: DeviceChange) -> Iterator[Finding]:
    if asked.option is not None:
        if running(contract, asked.option, s.on) is None:
            yield s.refuse(
                "art:9.1",
                why=Words(
                    f"契約 {contract.id} に{s.name('options', asked.option).ja}はありません",
                    f"contract {contract.id} has no {s.name('options', asked.option).en}",
                ),
                place="change.option",
            )
        return
    models = {plain_name(each.model) for each in contract.devices if each.slot in ("a", "b") and each.model}
    if models and plain_name(device.old) not in models:
        yield s.refuse(
            "art:9.1",
            why=Words(
                f"契約 {contract.id} に {device.old} はありません",
                f"contract {contract.id} has no {device.old}",
            ),
            place="change.device.from",
        )


def _possible(s: Situation, old: str) -> Words:
    plain = plain_name(old)
    to = [
        str(pair[1])
        for pair in s.operator.lists.get(PAIRS, ())
        if isinstance(pair, list | tuple) and plain_name(str(pair[0])) == plain
    ]
    return Words(
        f"{old} から変えられるのは " + ("、".join(to) or "ありません"),
        f"{old} may change to " + (", ".join(to) or "nothing"),
    )


def is_possible(asked: Change, s: Situation) -> bool:
    """Whether a device change is one of the operator's pairs."""
    return asked.device is not None and s.operator.pairs(PAIRS, asked.device.old, asked.device.new)


def restarted_term(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 5.2 and 17.3: the minimum term begins anew when the new device is first billed.

    A switch restarts its own option's term only (MVP-D03), a spare none (MVP-D02), as conventions say.
    """
    if not is_possible(asked, s):
        return
    contract = s.contract(asked.contract)
    if asked.option == "private-switch":
        yield _restart(
            s,
            "art:17.3.s2",
            s.number("changed_switch_term_months"),
            asked.billing_start,
            (),
            "option_term_end",
        )
        resets = s.reading("mvp.switch-change-resets-base")
        if resets.value == "yes":
            yield from _base_restart(asked, s, contract, (resets.pair,))
        else:
            yield s.accept("art:5.2", why=_SWITCH_ONLY, conventions=(resets.pair,), defects=("MVP-D03",))
    elif asked.option == "cold-standby":
        how = s.reading("mvp.cold-standby-change")
        if how.value == "allowed-with-restart":
            yield _restart(
                s,
                "art:17.3",
                s.number("option_term_months"),
                asked.billing_start,
                (how.pair,),
                "option_term_end",
            )
    else:
        yield from _base_restart(asked, s, contract, ())


_SWITCH_ONLY = Words(
    "スイッチの変更は基本の最低利用期間を数え直しません", "a change of switch does not restart the base term"
)


def _base_restart(
    asked: Change, s: Situation, contract: Contract, used: tuple[tuple[str, str], ...]
) -> Iterator[Finding]:
    length = s.reading("mvp.term-length")
    months = changed_months(asked, s, contract)
    if months not in s.edition.value("changed_device_term_months").numbers:
        yield s.refuse(
            "art:5.2",
            why=Words(f"{months} か月の期間は選べません", f"a term of {months} months cannot be chosen"),
            place="change.minimum_term",
            defects=("MVP-D07",),
        )
    else:
        yield _restart(s, "art:5.2", months, asked.billing_start, (*used, length.pair), "term_end")


def changed_months(asked: Change, s: Situation, contract: Contract) -> int:
    """How long the term is that a change of device starts (convention mvp.term-length)."""
    before = contract.term.months if contract.term else contract.body.get("months")
    same = before if type(before) is int else 12
    match s.reading("mvp.term-length").value:
        case "one-year":
            return 12
        case "choose-again":
            return asked.minimum_term or same
        case _:
            return same


def _restart(
    s: Situation,
    path: str,
    months: int,
    billing_start: date | None,
    used: tuple[tuple[str, str], ...],
    name: str,
) -> Finding:
    if billing_start is None:
        return s.accept(
            path,
            why=Words(
                f"新しい機器の課金開始日から {months} か月を数え直します",
                f"{months} months count anew from the day the new device is first billed",
            ),
            conventions=used,
        )
    how = s.reading("term.month-arithmetic")
    last = term_last_day(billing_start, months, how.value)
    dates = (("term_end", last),) if name == "term_end" else (("term_end", last), (name, last))
    return s.accept(
        path,
        why=Words(
            f"{billing_start} から {months} か月、{last} まで",
            f"{months} months from {billing_start}, to {last}",
        ),
        dates=dates,
        conventions=(*used, how.pair),
    )


def change_fee(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 19.1 and Schedule 1, 3(2): the quoted fee falls due on acceptance."""
    if is_possible(asked, s):
        assert asked.device is not None
        yield quoted_charge(
            s,
            "device-change",
            "schedule:1.3.2",
            s.contract(asked.contract),
            due_on=accepted_on(asked),
            why=Words("機器の変更の費用", "fee for the change of device"),
            detail={"from": asked.device.old, "to": asked.device.new},
            about={"model": asked.device.new, **({"option": asked.option} if asked.option else {})},
        )


def old_device_back(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 14.3: the device out of use goes back within 30 days of the change."""
    if is_possible(asked, s):
        yield return_finding(s, asked.change_on or accepted_on(asked))
