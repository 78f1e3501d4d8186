"""Article 7 with Schedule 1, 3(1): accounts can change, other matters where the operator designates them."""

from collections.abc import Iterator

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import Change
from kitei.services.auth_outsource.contract import days_of_use, number, text
from kitei.services.auth_outsource.rules.batch import door_of, item_fits, number_fits, realm_fits
from kitei.services.auth_outsource.rules.gateway import gateway_findings
from kitei.services.auth_outsource.rules.lines import eligible, held_by
from kitei.services.auth_outsource.rules.terminals import addresses_fit, clashes
from kitei.terms import Choice
from kitei.values import Span, Words

DESIGNATED = "changeable-matters"


def changed_by_customer(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 7.1: it is the contract's customer who may ask."""
    yield from own_notice(s, "art:7.1", s.contract(asked.contract), asked)


def is_designated(s: Situation, matter: str) -> bool:
    """Whether the operator has designated a matter, under any of its names."""
    choice = s.choice("matters", matter)
    names = (matter,) if choice is None else (choice.slug, choice.name.ja, choice.name.en, *choice.aliases)
    return any(s.operator.designates(DESIGNATED, each) for each in names)


def changeable(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 7.1: the accounts of a group, and what the operator designates; nothing else."""
    contract, choice = s.contract(asked.contract), s.choice("matters", asked.matter)
    name = choice.name if choice else Words(asked.matter, asked.matter)
    if choice is not None and choice.has("allowed"):
        yield from _accounts(asked, contract, s)
        return
    how = s.reading("operator-designated")
    if not is_designated(s, asked.matter) and how.value == "refuse":
        listed = s.operator.lists.get(DESIGNATED, ())
        yield s.refuse(
            "art:7.1",
            "art:7.1.2",
            why=Words(
                f"{name.ja}は、当社が変えられると指定した事項ではありません",
                f"{name.en} is not among what the operator lets change",
            ),
            place="change.matter",
            remedy=Words(
                "変えられるのはアカウント数" + "".join(f"、{each}" for each in listed),
                "accounts can change" + "".join(f", {each}" for each in listed),
            ),
            conventions=(how.pair,),
        )
        return
    yield s.accept(
        "art:7.1",
        "art:7.1.2",
        why=Words(f"{name.ja}は変えられます", f"{name.en} can change"),
        conventions=(how.pair,),
    )
    if choice is not None:
        yield from _fits(asked, contract, choice, s)


def _accounts(asked: Change, contract: Contract, s: Situation) -> Iterator[Finding]:
    """Art. 7.1.1: a new number, which the users already in the database must not exceed."""
    if asked.number is None:
        yield s.refuse(
            "art:7.1.1",
            "art:7.1",
            why=Words("新しい数が書かれていません", "the new number is not said"),
            place="change.number",
            remedy=Words("number に書いてください", "give it in number"),
        )
        return
    yield from number_fits(s, contract.kind, asked.number, "change.number")
    had, in_use = number(contract.body, "accounts"), asked.known.accounts_in_use
    if had == asked.number:
        yield s.refuse(
            "art:7.1.1",
            why=Words(f"今も {had} です", f"it is {had} already"),
            place="change.number",
        )
    elif in_use is not None and asked.number < in_use:
        yield s.refuse(
            "art:7.1.1",
            why=Words(
                f"{in_use} 人が登録されていて、{asked.number} には収まりません",
                f"{in_use} users are registered, more than {asked.number}",
            ),
            place="change.number",
            remedy=Words("先に登録を減らしてください", "remove users first"),
        )
    else:
        yield s.accept(
            "art:7.1",
            "art:7.1.1",
            why=Words(f"アカウント数を {asked.number} にします", f"accounts become {asked.number}"),
        )


def _fits(asked: Change, contract: Contract, matter: Choice, s: Situation) -> Iterator[Finding]:
    """Whether what a designated matter is to become meets what it would have to meet in an application."""
    path, days = "art:7.1.2", Span(max(s.on, days_of_use(contract).first), days_of_use(contract).last)
    if matter.has("kind") and contract.kind != matter.text("kind"):
        of = s.name("kinds", matter.text("kind"))
        yield s.refuse(
            path,
            why=Words(f"{matter.name.ja}は{of.ja}の事項です", f"{matter.name.en} is a matter of {of.en}"),
            place="change.matter",
        )
        return
    if not asked.to:
        yield s.refer(
            path,
            proposes=Verdict.ACCEPT,
            why=Words("新しい内容が書かれていません", "what it becomes is not said"),
            place="change.to",
        )
        return
    match matter.slug:
        case "realm":
            door = door_of(contract.kind, contract.item)
            yield from realm_fits(s, contract.customer, asked.to[0], door, "change.to", but=contract)
        case "ip":
            yield from addresses_fit(s, contract.customer, asked.to, days, "change.to", but=contract.id)
        case "item":
            yield from _item_fits(contract, asked.to[0], days, s)
        case "kind":
            yield from _kind_fits(contract, asked.to[0], days, s)


def _item_fits(contract: Contract, to: str, days: Span, s: Situation) -> Iterator[Finding]:
    item = s.called("items", to)
    yield from item_fits(s, contract.kind, item.slug if item else to, "change.to")
    if item is not None and contract.kind == "vpdn":
        if realm := text(contract.body, "realm"):
            yield from realm_fits(s, contract.customer, realm, item.slug, "change.to", but=contract)
        lines = held_by(s, contract.customer)
        yield from eligible(s, item, lines, days, "change.to")
        yield from gateway_findings(s, item, lines, days, "change.to")


def _kind_fits(contract: Contract, to: str, days: Span, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, 4.1 and 6.1 hold for what a contract becomes; a VPDN and the rest have nothing in common."""
    kind = s.called("kinds", to)
    exclusive = s.listed("exclusive_kinds")
    if kind is None or kind.slug not in exclusive or contract.kind not in exclusive:
        yield s.refuse(
            "art:4.1",
            "art:1.1",
            why=Words(f"{to} にはなれません", f"it cannot become {to}"),
            place="change.to",
            remedy=Words("新しく申し込み、今の契約を解約してください", "apply anew and cancel this one"),
        )
        return
    for found in clashes(
        s, contract.customer, kind.slug, days, text(contract.body, "realm"), but=contract.id
    ):
        yield s.refuse("art:6.1", why=found, place="change.to", defects=s.defects("art:6.1"))


def change_fee(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 and Schedule 1, 3(1): each accepted change costs the quoted fee, due on acceptance."""
    if any(found.verdict is Verdict.REFUSE for found in changeable(asked, s)):
        return
    name, day = s.name("matters", asked.matter), accepted_on(asked)
    yield s.accept(
        "art:10.1.s2",
        why=Words(f"{day} に承諾し、手数料が生じます", f"accepted on {day}, when the charge falls due"),
        dates=(("effective", day),),
    )
    yield quoted_charge(
        s,
        "change",
        "schedule:1.3.1",
        s.contract(asked.contract),
        due_on=day,
        why=Words(f"{name.ja}の変更手数料", f"handling charge for a change of {name.en.lower()}"),
        more=("art:7.1",),
        detail={"matter": asked.matter},
        about={"matter": asked.matter},
        defects=("AO-D09",),
    )
