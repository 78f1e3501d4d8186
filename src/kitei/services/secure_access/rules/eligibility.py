"""Article 6(1) and the Private Backbone of article 2: who may have the two connect kinds, and who loses their basis."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.ending import Ending
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.application import Apply
from kitei.services.secure_access.operation import DayCheck, OtherServiceEnds
from kitei.services.secure_access.rules.accounts import held_by
from kitei.services.secure_access.rules.batch import excess, is_sound, kind_of, one_of, place_of
from kitei.values import Words


def qualifies(s: Situation, kind: str) -> bool:
    """Whether a contract of this kind lets its customer have the connect kinds."""
    choice = s.choice("kinds", kind)
    return choice is not None and choice.has("qualifies")


def is_dependent(s: Situation, kind: str) -> bool:
    """Whether this kind is only for those who have one that qualifies."""
    choice = s.choice("kinds", kind)
    return choice is not None and choice.has("needs")


def gateway_or_firewall(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 6.1: one in force, or applied for together so as to take effect no later (convention eligibility.when)."""
    if not any(is_dependent(s, kind_of(each)) for each in asked.services):
        return
    how = s.reading("eligibility.when")
    more = {"conventions": (how.pair,), "defects": ("SA-D14",)}
    there = [each for each in held_by(s, asked.by) if qualifies(s, each.kind)]
    beyond = excess(asked, s)
    coming = {
        index: wanted.billing_start or asked.billing_start
        for index, wanted in enumerate(asked.services)
        if qualifies(s, kind_of(wanted)) and index not in beyond and is_sound(asked, s, index)
    }
    for index, wanted in enumerate(asked.services):
        if not is_dependent(s, kind_of(wanted)):
            continue
        own = wanted.billing_start or asked.billing_start
        bundled = [at for at, start in coming.items() if not (start and own) or start <= own]
        if there or bundled:
            name = there[0].id if there else place_of(bundled[0])
            yield s.accept("art:6.1", why=Words(f"{name} があります", f"there is {name}"), part=index, **more)
            continue
        kinds = [each for each in s.edition.value("kinds").choices if each.has("qualifies")]
        yield s.refuse(
            "art:6.1",
            why=Words(
                f"{asked.by} にゲートウェイもファイアウォールもありません",
                f"{asked.by} has neither a Web gateway nor a firewall",
            ),
            place=f"{place_of(index)}.kind",
            remedy=Words(
                f"一緒に申し込んでください。{one_of(kinds).ja}",
                f"apply for one together with it; {one_of(kinds).en}",
            ),
            part=index,
            **more,
        )


def backbone(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, the item 1 Gbps: its customer has the Private Backbone service, as recorded (SA-D07)."""
    for index, wanted in enumerate(asked.services):
        if kind_of(wanted) != "private-connect":
            continue
        more = {"defects": s.defects("art:2.1.t1.a2"), "part": index}
        held = backbone_of(s, asked.by)
        if held is not None:
            yield s.accept(
                "art:2.1.t1.a2", "art:1.1.t4", why=Words(f"{held} があります", f"{held} is held"), **more
            )
        else:
            yield s.refuse(
                "art:2.1.t1.a2",
                "art:1.1.t4",
                why=Words(
                    f"{asked.by} にプライベートバックボーンサービスの契約の記録がありません",
                    f"no contract of {asked.by} for the Private Backbone service is on record",
                ),
                place=f"{place_of(index)}.kind",
                remedy=Words(
                    "契約があれば記録してください",
                    "record it where there is one (`service.held`), else apply for it",
                ),
                **more,
            )


def backbone_of(s: Situation, customer: str, but: str = "") -> str | None:
    """The customer's Private Backbone service as recorded on the day, None where there is none.

    One that is recorded as not `active` is none; `but` is one to leave out.
    """
    names = s.edition.value("backbone_names")
    held = (each for each in s.held(customer) if each.attributes.get("active") is not False)
    return next(
        (each.service for each in held if names.choose(each.service) and each.id != (but or None)), None
    )


# -- when the basis ends -----------------------------------------------------------------


def dependents(s: Situation, contract: Contract, after: date) -> tuple[Contract, ...]:
    """The connect contracts that nothing qualifies any more once a contract has ended on a day."""
    if not qualifies(s, contract.kind):
        return ()
    others = [
        each
        for each in held_by(s, contract.customer)
        if each.id != contract.id and (each.ending is None or after < each.ending.last)
    ]
    if any(qualifies(s, each.kind) for each in others):
        return ()
    return tuple(each for each in others if is_dependent(s, each.kind))


def ending_with(asked: Ending, s: Situation) -> tuple[Contract, ...]:
    """The contracts that end by an act: the one, and where the operator so reads art. 6 those that need it."""
    contract = s.contract(asked.contract)
    if s.reading("eligibility.when").value != "continuing":
        return (contract,)
    return (contract, *dependents(s, contract, s.on))


def left_without(contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """Art. 6.1 speaks of who may use; nothing ends with its basis, so what loses it is flagged (SA-D14)."""
    how = s.reading("eligibility.when")
    more = {"conventions": (how.pair,), "defects": ("SA-D14",)}
    if how.value == "continuing":
        ending = ", ".join(each.id for each in dependents(s, contract, s.on))
        why = Words(
            f"{ending} はもとになる契約を失い、ともに終わるものと読みます",
            f"{ending} loses the contract it rests on and is read to end with it",
        )
    else:
        ending = ", ".join(each.id for each in dependents(s, contract, effective))
        why = Words(
            f"{ending} はもとになる契約を失いますが、契約は続きます。ご確認ください",
            f"{ending} loses the contract it rests on and goes on; please review",
        )
    if ending:
        yield s.accept("art:6.1", why=why, **more)


def rests_on(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 6.1 and 2.1 on a day: what a connect contract rests on, and whether it has lost it."""
    contract = s.contract(asked.contract)
    if not is_dependent(s, contract.kind):
        yield s.accept("art:6.1", why=Words("もとになる契約は要りません", "it rests on no other contract"))
        return
    there = [each.id for each in held_by(s, contract.customer) if qualifies(s, each.kind)]
    yield _standing(s, "art:6.1", contract, there[0] if there else None)
    if contract.kind == "private-connect":
        yield _standing(s, "art:2.1.t1.a2", contract, backbone_of(s, contract.customer))


def _standing(s: Situation, path: str, contract: Contract, basis: str | None) -> Finding:
    how = s.reading("eligibility.when")
    more = {"conventions": (how.pair,), "defects": s.defects(path)}
    if basis is not None:
        return s.accept(path, why=Words(f"{basis} にもとづきます", f"it rests on {basis}"), **more)
    why = Words(
        f"{contract.id} のもとになる契約がありません。契約は続きますが、ご確認ください",
        f"{contract.id} has lost what it rests on; it goes on, but please review",
    )
    if how.value == "continuing":
        return s.refer(path, proposes=Verdict.REFUSE, why=why, place="day-check.contract", **more)
    return s.accept(path, why=why, review=True, **more)


def backbone_ends(asked: OtherServiceEnds, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, the item 1 Gbps: nothing ends with the backbone, but who loses it is flagged (SA-D14)."""
    names, how = s.edition.value("backbone_names"), s.reading("eligibility.when")
    holders = [
        customer
        for customer, held in s.operator.holdings.items()
        if any(each.id == asked.holding and names.choose(each.service) for each in held)
    ]
    losing = [
        each.id
        for customer in holders
        for each in held_by(s, customer)
        if each.kind == "private-connect" and backbone_of(s, customer, asked.holding) is None
    ]
    told = ", ".join(losing)
    yield s.accept(
        "art:2.1.t1.a2",
        why=Words(
            f"{told} はつなぐ先を失いますが、契約は続きます。ご確認ください",
            f"{told} loses what it is joined with and goes on; please review",
        )
        if losing
        else Words("もとになる契約を失うものはありません", "no contract loses its basis"),
        conventions=(how.pair,),
        defects=s.defects("art:2.1.t1.a2"),
        review=bool(losing),
    )
