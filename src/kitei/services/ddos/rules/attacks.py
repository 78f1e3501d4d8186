"""Articles 1 and 5: an attack is what collectors see on protected addresses; of a type P it opens an incident."""

from collections.abc import Iterator
from typing import Final

from kitei.clauses.notice import still_in_force
from kitei.clauses.who import OPERATOR
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.ddos.defence import Attack, attacks
from kitei.services.ddos.defending import CONTROLLER, AttackDetected, AttackOver, IncidentStep
from kitei.services.ddos.rules.defence import means_of, row_of, within
from kitei.services.ddos.rules.items import designates
from kitei.values import Words


def seen_by_us(asked: AttackDetected | AttackOver, s: Situation) -> Iterator[Finding]:
    """What collectors see is told by the controller that hears them."""
    contract = s.contract(asked.contract)
    if asked.by not in (CONTROLLER, OPERATOR):
        yield s.refuse(
            row_of(s, contract),
            why=Words("攻撃は当社の監視が見つけます", "attacks are seen by the operator's watch"),
            place="by",
        )
    yield from still_in_force(s, row_of(s, contract), contract)


def detected(asked: AttackDetected, s: Situation) -> Iterator[Finding]:
    """Art. 5: only protected addresses are watched. Art. 1: for a type D that is all there is."""
    contract = s.contract(asked.contract)
    found = means_of(s, contract)
    if found is None:
        return
    yield from within(s, found, asked.target, "attack-detected.target")
    if found.mitigates:
        yield s.accept(
            *found.defence_paths,
            why=Words(
                f"{found.item.name.ja}の契約への攻撃として扱います",
                f"it is treated as an attack on a contract of {found.item.name.en}",
            ),
        )
    else:
        yield s.accept(*found.defence_paths, why=_ALARMED)
    if found.incidents:
        yield s.accept(
            found.treated.cite.path,
            why=Words("当社の定めた体制で対応します", "the operator's incident response is engaged"),
        )


_ALARMED: Final = Words(
    "見張るだけの契約です。知らせは出し、緩和はしません",
    "the contract is for watching: the alarm is given, and nothing is mitigated",
)


def known_attack(asked: AttackOver | IncidentStep, s: Situation) -> Iterator[Finding]:
    """It is about an attack that was detected; it ends once."""
    contract = s.contract(asked.contract)
    found = next((each for each in attacks(contract) if each.id == asked.attack), None)
    if found is None or (isinstance(asked, AttackOver) and not found.stands):
        wanted = [each for each in attacks(contract) if each.stands or isinstance(asked, IncidentStep)]
        there = ", ".join(f"{each.id} ({each.target})" for each in wanted[-5:])
        yield s.refuse(
            row_of(s, contract),
            why=Words(f"攻撃 {asked.attack} は続いていません", f"no attack {asked.attack} stands")
            if isinstance(asked, AttackOver)
            else Words(f"攻撃 {asked.attack} はありません", f"there is no attack {asked.attack}"),
            place="attack",
            remedy=Words(
                f"この契約の攻撃: {there or 'なし'}", f"of this contract there are: {there or 'none'}"
            ),
        )
    else:
        yield s.accept(
            row_of(s, contract),
            why=Words(
                f"{found.target} への攻撃 {found.id} のことです", f"it is about {found.id}, on {found.target}"
            ),
        )


def incident_step(asked: IncidentStep, s: Situation) -> Iterator[Finding]:
    """Art. 1, type P: the incident is handled by steps that the operator has named (list `incident-steps`)."""
    contract = s.contract(asked.contract)
    found = means_of(s, contract)
    if asked.by not in (OPERATOR, CONTROLLER):
        yield s.refuse(
            "art:1.1.t3",
            why=Words("手順は当社が行います", "the steps are the operator's to take"),
            place="by",
        )
    if found is None or not found.incidents:
        yield s.refuse(
            "art:1.1.t3",
            row_of(s, contract),
            why=Words("インシデントの体制はタイプ P のものです", "incident response is type P's"),
            place="contract",
        )
    elif not designates(s, "incident-steps", asked.step):
        known = ", ".join(map(str, s.operator.lists.get("incident-steps", ())))
        none = '[[list]] service = "ddos-protection" name = "incident-steps" entries = [...]'
        yield s.refuse(
            "art:1.1.t3",
            why=Words(
                f"{asked.step} という手順は定めていません(incident-steps)",
                f"{asked.step!r} is no step that the operator has named (incident-steps)",
            ),
            place="incident-step.step",
            remedy=Words(f"定めた手順: {known}", f"named are: {known}")
            if known
            else Words(f"まだ一つも定めていません: {none}", f"none is named yet: {none}"),
        )
    else:
        yield s.accept(
            "art:1.1.t3",
            why=Words("当社の定めた体制の手順です", "a step of the operator's incident response"),
        )


def standing_attack(contract: Contract, asked: AttackDetected) -> Attack | None:
    """The attack that an alarm is about already, if it stands."""
    return next(
        (
            each
            for each in attacks(contract)
            if each.stands
            and (each.policy, each.scope, each.target) == (asked.policy, asked.scope, asked.target)
        ),
        None,
    )


def new_attack(asked: AttackDetected, s: Situation) -> Iterator[Finding]:
    """One alarm, one attack."""
    contract = s.contract(asked.contract)
    same = standing_attack(contract, asked)
    if same is not None:
        yield s.refuse(
            row_of(s, contract),
            why=Words(f"{same.id} として扱っています", f"it is treated as {same.id} already"),
            place="attack-detected.target",
        )
