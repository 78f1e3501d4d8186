"""Article 8: the number of accounts can change, and what else the operator has designated; nothing is charged for it."""

from collections.abc import Iterator
from dataclasses import replace

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.desk import Finding, Situation
from kitei.services.secure_access.application import Change
from kitei.services.secure_access.contract import accounts_on
from kitei.services.secure_access.rules.accounts import account_finding
from kitei.values import Words, Yen

MATTERS = "changeable-matters"


def by_customer(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: it is the contract's customer who may ask, and for something."""
    yield from own_notice(s, "art:8.1", s.contract(asked.contract), asked)
    if asked.accounts is None and asked.matter is None:
        yield s.refuse(
            "art:8.1",
            why=Words("何を変えるのかが書かれていません", "it is not said what is to change"),
            place="change.matter",
            remedy=Words("accounts か matter を書いてください", "give accounts or a matter"),
        )


def accounts_changed(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1(1) with 5.1: up or down, but not below the least."""
    if asked.accounts is None and asked.matter != "accounts":
        return
    contract = s.contract(asked.contract)
    day = asked.change_on or accepted_on(asked)
    yield s.accept(
        "art:8.1",
        "art:8.1.1",
        why=Words(
            f"{accounts_on(contract, day)} から {asked.accounts} へ、{day} から",
            f"from {accounts_on(contract, day)} to {asked.accounts}, from {day}",
        ),
        dates=(("effective", day),),
    )
    found = account_finding(
        s,
        contract.customer,
        contract.kind,
        asked.accounts,
        0,
        "change.accounts",
        but=contract.id,
    )
    yield replace(found, cites=(*found.cites, *s.cites(("art:8.1.1",))))
    if day < accepted_on(asked):
        yield s.refuse(
            "art:8.1.1",
            why=Words(f"{day} は承諾の日より前です", f"{day} lies before the day of acceptance"),
            place="change.change_on",
        )


def designated(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1(2): other matters only as the operator has designated them (convention operator-designated)."""
    if asked.matter is None or asked.matter == "accounts":
        return
    how = s.reading("operator-designated")
    if s.operator.designates(MATTERS, asked.matter):
        yield s.accept(
            "art:8.1",
            "art:8.1.2",
            why=Words(f"{asked.matter} は変更できます", f"{asked.matter} can be changed"),
            conventions=(how.pair,),
        )
        return
    listed = [str(each) for each in s.operator.lists.get(MATTERS, ())]
    verdict = s.accept if how.value == "accept" and not listed else s.refuse
    yield verdict(
        "art:8.1",
        "art:8.1.2",
        why=Words(
            f"{asked.matter} は当社の指定した事項ではありません",
            f"{asked.matter} is not among the matters the operator has designated",
        ),
        place="change.matter",
        remedy=Words(
            "変更できるのは契約アカウント数" + "".join(f"、{each}" for each in listed),
            "what can be changed: number of accounts" + "".join(f", {each}" for each in listed),
        ),
        conventions=(how.pair,),
    )


def change_fee(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 12.1: Schedule 1 lists no one-time fee, so a change costs nothing (convention sa.one-time, SA-D02)."""
    how = s.reading("sa.one-time")
    due = s.role("due")
    if how.value == "none":
        yield s.accept(
            due,
            why=Words("変更の費用は別紙にありません", "the schedule lists no fee for a change"),
            amounts=(("change", Yen(0)),),
            conventions=(how.pair,),
            defects=s.defects(due),
        )
        return
    yield quoted_charge(
        s,
        "change",
        due,
        s.contract(asked.contract),
        due_on=accepted_on(asked),
        why=Words("変更の一時費用", "one-time fee of the change"),
        conventions=(how.pair,),
        defects=s.defects(due),
    )
